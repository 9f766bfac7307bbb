"""What a scan of the memory found: labels that the other exemplars contradict, and duplicate images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject

from visualmemory_gui.app.models.memory_scan import MemoryScan
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.progress import Report

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.label_check import Answers, LabelCheck
    from visualmemory_gui.engine.curation.review import Group, Survey
    from visualmemory_gui.engine.curation.suspect import Suspect
    from visualmemory_gui.engine.memory.protocol import WholeMemory

THRESHOLD = 0.02
Part = Literal["all", "likely", "groups", "check"]
"""Which suspects are shown: all or the likely ones, most suspicious first; all by label and suggestion; some drawn at
random from the likely ones, until they are answered."""


class ReviewModel(MemoryScan["Survey"]):
    """``rows`` are the suspects of the ``part`` shown. ``groups`` are sorted conflicts first, then by distance, up to
    ``threshold``."""

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(tasks, "review", "Looking for wrong labels", self._survey, parent)
        self.groups: tuple[Group, ...] = ()
        self.threshold = THRESHOLD
        self.part: Part = "all"
        self.rows: tuple[Suspect, ...] = ()
        self._check: LabelCheck | None = None
        self._draws = 0

    @property
    def suspects(self) -> tuple[Suspect, ...]:
        """The suspects, the most suspicious first."""
        return self.left.suspects if self.left is not None else ()

    @property
    def answers(self) -> Answers | None:
        """Those to the check, as of the last scan; None without a check."""
        return self.left.answers if self.left is not None and self._check is not None else None

    def set_memory(self, memory: WholeMemory | None) -> None:
        self.part, self._check, self._draws = "all", None, 0
        super().set_memory(memory)

    def show_part(self, part: Part) -> None:
        """Show these suspects. The first time, and when all of a check are answered, others are drawn for another."""
        self.part = part
        if part == "check" and not (self.answers and self.answers.left):
            self._draw()
        self._choose_rows()
        self.updated.emit()

    def _draw(self) -> None:
        from visualmemory_gui.engine.curation.label_check import LabelCheck

        if self.left is not None:
            self._check = LabelCheck.draw(self.left.likely, seed=self._draws)
            self._draws += 1
            self.scan()

    def _choose_rows(self) -> None:
        left = self.left
        if left is None:
            self.rows = ()
        elif self.part == "likely":
            self.rows = left.likely
        elif self.part == "groups":
            from visualmemory_gui.engine.curation.review import relabellings

            self.rows = tuple(suspect for group in relabellings(left.suspects) for suspect in group.suspects)
        elif self.part == "check":
            waiting = self.answers.left if self.answers is not None else ()
            self.rows = tuple(suspect for suspect in waiting if suspect.id not in self.touched)
        else:
            self.rows = left.suspects

    def set_threshold(self, distance: float) -> None:
        """The distance up to which two images count as near-equal."""
        self.threshold = distance
        self._group()
        self.updated.emit()

    def _sift(self) -> None:
        super()._sift()
        self._group()
        self._choose_rows()

    def _group(self) -> None:
        self.groups = tuple(self.left.groups(self.threshold)) if self.left is not None else ()

    def _survey(self, memory: WholeMemory, report: Report) -> Survey:
        from visualmemory_gui.engine.curation.review import survey

        return survey(memory, check=self._check, report=report)
