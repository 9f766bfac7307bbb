"""Imports what only later pages need before they are opened, while the window is idle."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from PySide6.QtCore import QObject

from visualmemory_gui.app.runtime.tasks import Tasks

CHARTS = "pyqtgraph"


class Warming(QObject):
    """Preloads once, when a memory is open (``is_open``) and all that its opening started is done.

    pyqtgraph takes 0.1-0.4 s, which would freeze the window if a page imported it. Importing it in the
    background thread is safe because the import creates no QObject, which would belong to it: only paths, colours,
    and classes. A page that is opened earlier waits for the rest of the import.
    """

    def __init__(self, tasks: Tasks, is_open: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._is_open = is_open
        tasks.idle.connect(self.on_idle)

    def on_idle(self) -> None:
        """Let what else waits for this moment go first: it was queued earlier."""
        if self._is_open():
            self._tasks.idle.disconnect(self.on_idle)
            self._tasks.run_background("Loading the charts", lambda _: import_module(CHARTS), stoppable=False)
