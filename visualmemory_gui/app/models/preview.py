"""An edit that is looked at before it is made: what the study pages Prune and Tune have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.models.exemplars import Runner
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory


class PreviewModel(QObject):
    """``found`` is what the last look found, None before it; it holds for the memory as it was then.

    ``refusal`` is the sentence in which the engine said why there is nothing to find.
    """

    topic: ClassVar[str]
    title: ClassVar[str]
    updated = Signal()
    failed = Signal(object)  # the exception that ended a look, where it is not for the user's eyes on the page

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._memory: VisualMemory | None = None
        self.found: Any = None
        self.refusal = ""
        self.looking = False
        self.stale = False

    @property
    def writable(self) -> bool:
        return self._memory is not None and not self._memory.readonly

    def set_memory(self, memory: VisualMemory | None) -> None:
        self._runner.supersede(self.topic)
        self._memory = memory
        self._begin_anew()
        self.looking = False
        self.updated.emit()

    def look(self) -> None:
        """Find out what the edit would do, in the background."""
        memory = self._memory
        if memory is None:
            return
        self._begin_anew()
        self.looking = True
        self.updated.emit()
        work = self._work(memory)
        self._runner.run_background(self.title, work, self._take, self._stopped, topic=self.topic)

    def on_changed(self, changes: Changes) -> None:
        """What was found is of a memory that is no more; of a forgotten exemplar nothing is kept."""
        if changes.forgotten:
            self._begin_anew()
        self.stale = self.stale or bool(changes.ids)
        self.updated.emit()

    def _work(self, memory: VisualMemory) -> Any:
        """What is run in the background, with a report."""
        raise NotImplementedError

    def _begin_anew(self) -> None:
        self.found, self.refusal, self.stale = None, "", False

    def _take(self, found: Any) -> None:
        self.found, self.looking = found, False
        self.updated.emit()

    def _stopped(self, error: BaseException) -> None:
        from visualmemory_gui.engine.errors import BadValue, Cancelled

        self.looking = False
        if isinstance(error, BadValue):
            self.refusal = str(error)
        elif isinstance(error, Cancelled):
            self.refusal = "Stopped; nothing was changed."
        self.updated.emit()
        if not isinstance(error, BadValue | Cancelled):
            self.failed.emit(error)
