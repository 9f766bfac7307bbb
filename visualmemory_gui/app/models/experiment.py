"""One experiment on the memory: its progress, what it found, and whether that still holds."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QObject

from visualmemory_gui.app.models.background_result import BackgroundResult
from visualmemory_gui.app.runtime.error_messages import problem_of
from visualmemory_gui.app.runtime.tasks import Task, Tasks
from visualmemory_gui.engine.errors import Cancelled, VisualMemoryError
from visualmemory_gui.engine.types import Changes

STOPPED = "Stopped."
OLDER = "The memory has been edited since."
Found = TypeVar("Found")


class ExperimentModel(BackgroundResult[Found]):
    """An experiment. ``state`` says what is going on, and also what cannot be measured here."""

    def __init__(self, tasks: Tasks, topic: str, parent: QObject | None = None) -> None:
        super().__init__(tasks, topic, parent, told_here=(VisualMemoryError,))
        tasks.progressed.connect(self.on_progressed)

    @property
    def ready(self) -> bool:
        """Whether an experiment can be started."""
        return self._memory is not None and not self.running

    @property
    def state(self) -> str:
        """A sentence on what is going on; empty if there is nothing to say."""
        if (task := self._task) is not None:
            far = f" {task.done:,} of {task.total:,}" if task.total else ""
            return f"{(task.what or task.title).capitalize()}…{far}"
        if self.error is not None:
            return STOPPED if isinstance(self.error, Cancelled) else problem_of(self.error).what
        return OLDER if self.edits_since else ""

    def on_changed(self, changes: Changes) -> None:
        """Update after an edit, also of settings: an experiment decides as the memory does."""
        if changes.forgotten:
            self.clear()
        else:
            self.count_edit()

    def on_progressed(self, task: Task) -> None:
        if task is self._task:
            self.updated.emit()
