"""The program with a window: builds the application, handles uncaught errors, and runs."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from visualmemory_gui.app import preferences, theme
from visualmemory_gui.app.main_window import NAME, MainWindow
from visualmemory_gui.app.runtime.excepthook import Uncaught
from visualmemory_gui.app.runtime.handover import WindowServer, hand_over
from visualmemory_gui.app.runtime.start_request import StartRequest

log = logging.getLogger("visualmemory_gui")
SWITCH_S = 0.001  # how long the window's thread waits for Python while another thread computes


def create(argv: Sequence[str], *, settings: QSettings | None = None) -> tuple[QApplication, MainWindow]:
    """Build the application and its window without showing it, on what ``argv`` asks for: a memory or bundle, in it a
    query and a workspace; without a memory, on the one that was open last.

    An existing QApplication is reused. ``settings`` are the user's own unless others are given.
    """
    sys.setswitchinterval(SWITCH_S)
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(list(argv) or ["visualmemory-gui"])
    app.setApplicationName("visualmemory_gui")
    app.setApplicationDisplayName(NAME)
    app.setDesktopFileName("visualmemory-gui")
    store = settings or preferences.settings()
    theme.apply(app, preferences.theme_name(store))
    window = MainWindow(settings=store)
    request = StartRequest.of_arguments(argv)
    if preferences.kind_of([request.memory]) == "bundle":
        QTimer.singleShot(0, window, lambda: window.open(request.memory))  # it may ask, over a window shown by then
    elif request.memory:
        window.start.begin(request)
    else:
        window.start.continue_last()
    return app, window


def main(argv: Sequence[str] | None = None) -> int:
    """Show the window and run until it is closed. Where a window has the memory open already, that one comes to the
    front and shows what was asked for. Raises VisualMemoryError if it cannot."""
    argv = sys.argv if argv is None else argv
    request = StartRequest.of_arguments(argv)
    if request.memory and hand_over(request):
        print(f"{Path(request.memory).name} is open already; its window is in front now", file=sys.stderr)
        return 0
    keep_log()
    app, window = create(argv)
    take_requests(window, request.memory)
    uncaught = Uncaught(window.session.tasks, window.session.raise_error, end=window.close)
    window.show()
    try:
        return app.exec()
    finally:
        uncaught.stop()


def take_requests(window: MainWindow, memory: str = "") -> WindowServer:
    """Let later starts on the memory of ``window`` come to it; from now on to ``memory``, which is being opened."""
    server = WindowServer(window.take, window)

    def follow() -> None:
        if window.session.memory is None:
            server.stop()
        else:
            server.listen(window.session.memory.address)

    if memory:
        server.listen(memory)
    window.session.memory_opened.connect(follow)
    window.session.memory_closed.connect(follow)
    return server


def keep_log() -> None:
    """Log to the user's log folder: at most two files of 1 MB. The engine's messages may contain paths and stay out."""
    folder = preferences.log_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(folder / "window.log", maxBytes=1_000_000, backupCount=1)
    except OSError:
        return  # a log that cannot be written is no reason not to start
    handler.addFilter(lambda record: record.name == log.name)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
