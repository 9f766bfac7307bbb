"""What a look over the memory found: labels that the others contradict, and pictures that are there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject

from visualmemory_gui.app.models.exemplars import Runner
from visualmemory_gui.app.models.looking import Looking
from visualmemory_gui.engine.progress import Report

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory
    from visualmemory_gui.engine.study.review import Group, Survey, Suspect

TOPIC = "review"
THRESHOLD = 0.02


class ReviewModel(Looking):
    """What is left of the last look over the memory, after the edits since."""

    topic, title = TOPIC, "Looking for wrong labels"

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(runner, parent)
        self._survey: Survey | None = None
        self._left: Survey | None = None  # what is left of it after edits
        self._groups: tuple[Group, ...] = ()
        self._suspects: tuple[Suspect, ...] = ()
        self.threshold = THRESHOLD

    @property
    def looked(self) -> bool:
        return self._survey is not None

    @property
    def looked_at(self) -> int:
        return 0 if self._survey is None else self._survey.looked_at

    @property
    def suspects(self) -> tuple[Suspect, ...]:
        """The most suspicious first."""
        return self._suspects

    @property
    def groups(self) -> tuple[Group, ...]:
        """Conflicts first, then the closest."""
        return self._groups

    def set_threshold(self, distance: float) -> None:
        """Up to which distance two pictures count as near-equal."""
        self.threshold = distance
        self._group()
        self.updated.emit()

    def _work(self, memory: VisualMemory, report: Report) -> Survey:
        from visualmemory_gui.engine.study.review import survey

        return survey(memory, report=report)

    def _keep(self, survey: Survey | None) -> None:
        self._survey = survey

    def _show(self) -> None:
        self._left = self._survey.without(np.array(sorted(self.touched), np.int64)) if self._survey else None
        self._suspects = self._left.suspects if self._left else ()
        self._group()
        self.updated.emit()

    def _group(self) -> None:
        self._groups = tuple(self._left.groups(self.threshold)) if self._left else ()
