"""Screenshots of the real window, for the README and for inspection."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from visualmemory_gui.engine.errors import StorageError

if TYPE_CHECKING:
    from visualmemory_gui.app.main_window import MainWindow
    from visualmemory_gui.app.theme import Name

OF_NO_USE = "This plugin does not support propagateSizeHints()"
LONGEST_MS = 60_000


def take(
    memory_path: str | Path, png: str | Path, *, theme: Name = "light", size: tuple[int, int] = (1280, 800)
) -> Path:
    """Open the memory, decide its newest recent query (else its first exemplar), and save the window as an image."""
    return take_all(memory_path, [(Path(png), theme)], size=size)[0]


def take_all(
    memory_path: str | Path, wanted: Sequence[tuple[Path, Name]], *, size: tuple[int, int] = (1280, 800)
) -> list[Path]:
    """Save the same window once for each (file, theme)."""
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QSettings

    from visualmemory_gui.app import theme
    from visualmemory_gui.app.application import create

    before = theme.wanted()
    with silent_plugin(), TemporaryDirectory() as folder:  # the user's settings and recent memories are left alone
        settings = QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat)
        app, window = create(["visualmemory-gui", str(memory_path)], settings=settings)
        try:
            window.resize(*size)
            window.show()
            wait_until_idle(window)
            ask_something(window)
            wait_until_idle(window)
            for png, name in wanted:
                theme.apply(app, name)
                photograph(window, png)
        finally:
            window.close()
            settings.sync()
            theme.apply(app, before)
    return [png for png, _ in wanted]


@contextmanager
def silent_plugin() -> Iterator[None]:
    """Suppress the one line that Qt's offscreen plugin logs for every window; other messages pass."""
    from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

    def say(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if text == OF_NO_USE:
            return
        if before is not None:
            before(kind, context, text)
        else:
            print(text, file=sys.stderr)

    before = qInstallMessageHandler(say)
    try:
        yield
    finally:
        qInstallMessageHandler(before)


def rest_mouse(window: MainWindow) -> None:
    """Move the mouse away from whatever it is on."""
    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QApplication, QWidget

    for widget in window.findChildren(QWidget):
        if widget.underMouse():
            QApplication.sendEvent(widget, QEvent(QEvent.Type.Leave))
    QApplication.processEvents()


def photograph(window: MainWindow, png: Path) -> None:
    """Save the window's content, with the mouse out of the way."""
    from PySide6.QtCore import QBuffer

    from visualmemory_gui.engine.exchange.atomic_output import saved_file

    rest_mouse(window)
    drawn = QBuffer()
    kind = png.suffix.removeprefix(".") or "png"
    if not window.grab().save(drawn, kind):
        raise StorageError(f"{png} cannot be written: {kind} is not an image format")
    with saved_file(png) as file:
        file.write(drawn.data().data())


def ask_something(window: MainWindow) -> None:
    """Decide the newest recent query; a memory without one decides its first exemplar."""
    recent = window.decide.recent
    memory = window.session.whole
    if recent.rowCount():
        window.session.decision.ask_query(recent.query(0))
    elif memory is not None and len(memory.snapshot):
        window.session.decision.ask_exemplar(int(memory.snapshot.ids[0]))


def wait_until_idle(window: MainWindow, *, longest_ms: int = LONGEST_MS) -> bool:
    """Let the window work until no task is left; False if that took longer than ``longest_ms``."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    tasks = window.session.tasks
    watch = QTimer(interval=20)
    watch.timeout.connect(lambda: None if tasks.busy else loop.quit())
    watch.start()
    end = QTimer(singleShot=True, interval=longest_ms)
    end.timeout.connect(loop.quit)
    end.start()
    loop.exec()
    return not tasks.busy
