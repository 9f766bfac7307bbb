"""What a scan of the memory found: labels that the other exemplars contradict, and duplicate images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from visualmemory_gui.app.models.memory_scan import MemoryScan
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.progress import Report

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.review import Group, Survey, Suspect
    from visualmemory_gui.engine.memory.protocol import WholeMemory

THRESHOLD = 0.02


class ReviewModel(MemoryScan["Survey"]):
    """``groups`` are sorted conflicts first, then by distance, up to ``threshold``."""

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(tasks, "review", "Looking for wrong labels", _survey, parent)
        self.groups: tuple[Group, ...] = ()
        self.threshold = THRESHOLD

    @property
    def suspects(self) -> tuple[Suspect, ...]:
        """The suspects, the most suspicious first."""
        return self.left.suspects if self.left is not None else ()

    def set_threshold(self, distance: float) -> None:
        """The distance up to which two images count as near-equal."""
        self.threshold = distance
        self._group()
        self.updated.emit()

    def _sift(self) -> None:
        super()._sift()
        self._group()

    def _group(self) -> None:
        self.groups = tuple(self.left.groups(self.threshold)) if self.left is not None else ()


def _survey(memory: WholeMemory, report: Report) -> Survey:
    from visualmemory_gui.engine.curation.review import survey

    return survey(memory, report=report)
