"""Imports what only later pages need before they are opened, while the window has nothing else to do."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from PySide6.QtCore import QObject

from visualmemory_gui.app.runtime.tasks import Tasks

CHARTS = "pyqtgraph"


class Warming(QObject):
    """Once, when a memory is open (``is_open``) and all that its opening began is done.

    pyqtgraph takes 0.1-0.4 s, which would stop the window where a page imports it. That it is imported in the
    background's thread is safe because the import makes no QObject, which would live in that thread: paths, colours and
    classes alone. A page that is opened before waits for the rest of the import.
    """

    def __init__(self, tasks: Tasks, is_open: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._is_open = is_open
        tasks.idle.connect(self.on_idle)

    def on_idle(self) -> None:
        """What else waits for this moment goes first: it has asked for its turn before."""
        if self._is_open():
            self._tasks.idle.disconnect(self.on_idle)
            self._tasks.run_background("Loading the charts", lambda _: import_module(CHARTS), stoppable=False)
