"""What a background job found about the open memory, and its state: running, outdated, or failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.runtime.tasks import Task, Tasks
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.memory.protocol import Memory, WholeMemory
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Changes

T = TypeVar("T")
M = TypeVar("M", bound=Memory)


class MemoryResult(QObject, Generic[M, T]):
    """The result of a background job over the open memory. Only the newest job counts; older ones are stopped.

    ``found`` is None until there is a result; ``edits_since`` counts the edits since its job began. ``error`` is why
    the last job had none: Cancelled, one of the kinds ``told_here``, which the view shows in its own place, or a
    fault, which the window reports.
    """

    updated = Signal()

    def __init__(
        self,
        tasks: Tasks,
        topic: str,
        parent: QObject | None = None,
        *,
        told_here: tuple[type[BaseException], ...] = (),
    ) -> None:
        super().__init__(parent)
        self._tasks, self._topic = tasks, topic
        self._told_here: tuple[type[BaseException], ...] = (Cancelled, *told_here)
        self._memory: M | None = None
        self._task: Task | None = None
        self._edits_meanwhile = 0
        self.edits_since = 0
        self.found: T | None = None
        self.error: BaseException | None = None

    @property
    def running(self) -> bool:
        return self._task is not None

    def set_memory(self, memory: M | None) -> None:
        """Start over on ``memory``."""
        self._memory = memory
        self.clear()

    def run(self, title: str, work: Callable[[M, Report], T], *, keep: bool = True) -> None:
        """Run ``work(memory, report)`` in the background. With ``keep`` the previous result stays until it is done."""
        memory = self._memory
        if memory is None:
            return
        self._stop()
        if not keep:
            self._drop()
        self.error, self._edits_meanwhile = None, 0
        self._task = self._tasks.run_background(
            title, lambda report: work(memory, report), self._take, self._failed, topic=self._topic
        )
        self.updated.emit()

    def cancel(self) -> None:
        """Stop the running job; ``error`` is Cancelled once it has stopped."""
        if self._task is not None:
            self._task.cancel()

    def clear(self) -> None:
        """Drop the result, and that of a running job."""
        self._stop()
        self._drop()
        self.updated.emit()

    def on_changed(self, changes: Changes) -> None:
        """Count an edit of exemplars. Nothing of forgotten exemplars is retained."""
        if changes.forgotten:
            self.clear()
        elif changes.ids:
            self.count_edit()

    def count_edit(self) -> None:
        """Count one more edit since the result, and since the start of a running job."""
        if self.found is not None or self.running:
            self._edits_meanwhile += 1
            self.edits_since += 1
            self.updated.emit()

    def _put(self, found: T | None) -> None:
        """Make ``found`` the result. A model that holds more than that adds it here."""
        self.found = found

    def _take(self, found: T) -> None:
        self._task, self.edits_since = None, self._edits_meanwhile
        self._put(found)
        self.updated.emit()

    def _failed(self, error: BaseException) -> None:
        task, self._task, self.error = self._task, None, error
        self.updated.emit()
        if not isinstance(error, self._told_here):
            self._tasks.crashed.emit(task, error)

    def _stop(self) -> None:
        self.cancel()
        self._tasks.supersede(self._topic)
        self._task = None

    def _drop(self) -> None:
        self.error, self.edits_since = None, 0
        self._put(None)


BackgroundResult = MemoryResult[WholeMemory, T]
"""The same over a memory in a folder, whose rows are all on this computer."""
