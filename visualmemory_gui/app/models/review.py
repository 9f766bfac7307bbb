"""What a look over the memory found: labels that the others contradict, and pictures that are there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.models.exemplars import Runner
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory
    from visualmemory_gui.engine.study.review import Group, Survey, Suspect

TOPIC = "review"
AUTO = 20_000  # up to so many exemplars the memory is looked over again after each edit; beyond, when it is asked for
PAUSE_MS = 300
THRESHOLD = 0.02


class ReviewModel(QObject):
    """Looks when ``begin`` is called first, and again after edits. What an edit touched goes at once."""

    updated = Signal()
    failed = Signal(object)  # the exception that ended a look

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._memory: VisualMemory | None = None
        self._survey: Survey | None = None
        self._left: Survey | None = None  # what is left of it after edits
        self._touched: set[int] = set()
        self._groups: tuple[Group, ...] = ()
        self._suspects: tuple[Suspect, ...] = ()
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self.look)
        self.threshold = THRESHOLD
        self.looking = False
        self.edits_since = 0

    @property
    def looked(self) -> bool:
        return self._survey is not None

    @property
    def looked_at(self) -> int:
        """How many exemplars the last look went over."""
        return 0 if self._survey is None else self._survey.looked_at

    @property
    def suspects(self) -> tuple[Suspect, ...]:
        """The most suspicious first."""
        return self._suspects

    @property
    def groups(self) -> tuple[Group, ...]:
        """Conflicts first, then the closest."""
        return self._groups

    def set_memory(self, memory: VisualMemory | None) -> None:
        self._runner.supersede(TOPIC)
        self._pause.stop()
        self._memory, self._survey, self.looking = memory, None, False
        self._touched.clear()
        self._show()

    def begin(self) -> None:
        """Somebody wants to see it."""
        if not self.looked and not self.looking:
            self.look()

    def look(self) -> None:
        """Go over the whole memory, in the background."""
        memory = self._memory
        if memory is None:
            return

        def work(report: Report) -> Survey:
            from visualmemory_gui.engine.study.review import survey

            return survey(memory, report=report)

        self.looking = True
        self.updated.emit()
        self._runner.run_background("Looking for wrong labels", work, self._take, self._stopped, topic=TOPIC)

    def set_threshold(self, distance: float) -> None:
        """Up to which distance two pictures count as near-equal."""
        self.threshold = distance
        self._group()
        self.updated.emit()

    def on_changed(self, changes: Changes) -> None:
        if not self.looked and not self.looking:
            return
        self.edits_since += 1
        self.drop(changes.ids)
        if self._memory is not None and len(self._memory.snapshot) <= AUTO:
            self._pause.start()

    def drop(self, ids: tuple[int, ...]) -> None:
        """These were dealt with: they go from both lists until the next look."""
        self._touched.update(ids)
        self._show()

    def _take(self, survey: Survey) -> None:
        self._survey, self.looking, self.edits_since = survey, False, 0
        self._touched.clear()
        self._show()

    def _stopped(self, error: BaseException) -> None:
        from visualmemory_gui.engine.errors import Cancelled

        self.looking = False
        self.updated.emit()
        if not isinstance(error, Cancelled):
            self.failed.emit(error)

    def _show(self) -> None:
        self._left = self._survey.without(np.array(sorted(self._touched), np.int64)) if self._survey else None
        self._suspects = self._left.suspects if self._left else ()
        self._group()
        self.updated.emit()

    def _group(self) -> None:
        self._groups = tuple(self._left.groups(self.threshold)) if self._left else ()
