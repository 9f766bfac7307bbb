"""One experiment on the memory, run in the background: where it is, what it found, whether that still holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.problems import problem_of
from visualmemory_gui.app.tasks import Task, Tasks
from visualmemory_gui.engine.errors import Cancelled, VisualMemoryError
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory

STOPPED = "Stopped."
OLDER = "The memory was edited since."
Work = Callable[["VisualMemory", Report], Any]


class ExperimentModel(QObject):
    """``found`` is what the last one that came to its end found, ``state`` a sentence on what is going on.

    What was found goes when something is forgotten, and with the memory.
    """

    updated = Signal()

    def __init__(self, tasks: Tasks, topic: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._topic = topic
        self._memory: VisualMemory | None = None
        self._task: Task | None = None
        self._edited = False  # while the experiment ran
        self.found: Any = None
        self.state = ""
        tasks.progressed.connect(self.on_progressed)

    @property
    def ready(self) -> bool:
        """Whether an experiment can be started."""
        return self._memory is not None and self._task is None

    @property
    def running(self) -> bool:
        return self._task is not None

    def set_memory(self, memory: VisualMemory | None) -> None:
        self._drop()
        self._memory = memory
        self.updated.emit()

    def run(self, title: str, work: Work) -> None:
        """Run ``work(memory, report)``; what was found before goes."""
        memory = self._memory
        if memory is None or self._task is not None:
            return
        self.found, self.state, self._edited = None, f"{title}…", False
        self._task = self._tasks.run_background(
            title, lambda report: work(memory, report), self._take, self._failed, topic=self._topic
        )
        self.updated.emit()

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def on_changed(self, changes: Changes) -> None:
        """After an edit."""
        if changes.forgotten:
            self._drop()
        elif self._task is not None:
            self._edited = True
        elif self.found is not None:
            self.state = OLDER
        self.updated.emit()

    def on_progressed(self, task: Task) -> None:
        if task is self._task:
            far = f" {task.done:,} of {task.total:,}" if task.total else ""
            self.state = f"{(task.what or task.title).capitalize()}…{far}"
            self.updated.emit()

    def _take(self, found: Any) -> None:
        self._task, self.found = None, found
        self.state = OLDER if self._edited else ""
        self.updated.emit()

    def _failed(self, error: BaseException) -> None:
        """What cannot be measured here is told on the page itself; anything else is a fault."""
        task, self._task = self._task, None
        self.state = STOPPED if isinstance(error, Cancelled) else problem_of(error).what
        self.updated.emit()
        if not isinstance(error, Cancelled | VisualMemoryError):
            self._tasks.crashed.emit(task, error)

    def _drop(self) -> None:
        self.cancel()
        self._tasks.supersede(self._topic)
        self._task, self.found, self.state = None, None, ""
