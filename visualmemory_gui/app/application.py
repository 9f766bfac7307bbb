"""The program with a window: builds the application, handles uncaught errors, and runs."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import Sequence

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from visualmemory_gui.app import preferences, theme
from visualmemory_gui.app.main_window import NAME, MainWindow
from visualmemory_gui.app.runtime.excepthook import Uncaught

log = logging.getLogger("visualmemory_gui")
SWITCH_S = 0.001  # how long the window's thread waits for Python while another thread computes


def create(argv: Sequence[str], *, settings: QSettings | None = None) -> tuple[QApplication, MainWindow]:
    """Build the application and its window without showing it; ``argv[1]``, if any, is the memory or bundle to open;
    without one, the memory that was open last.

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
    memory = next((text for text in list(argv)[1:] if not text.startswith("-")), None)
    if memory is not None and preferences.kind_of([memory]) == "bundle":
        QTimer.singleShot(0, window, lambda: window.open(memory))  # it may ask, over a window shown by then
    elif memory is not None:
        window.open(memory)
    else:
        window.continue_last()
    return app, window


def main(argv: Sequence[str] | None = None) -> int:
    """Show the window and run until it is closed."""
    keep_log()
    app, window = create(sys.argv if argv is None else argv)
    uncaught = Uncaught(window.session.tasks, window.session.raise_error, end=window.close)
    window.show()
    try:
        return app.exec()
    finally:
        uncaught.stop()


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
