"""The watch set, or a sample of the memory in its place: its decisions, and which of them an edit changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.models.decision import AFTER_PAINT_MS
from visualmemory_gui.app.tasks import Tasks
from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory_protocol import WholeMemory
    from visualmemory_gui.engine.study.impact import Impact, ImpactTracker, WatchedDecision

TOPIC = "watch"


class WatchModel(QObject):
    """Begun in the background once a memory is open; then the edits' thread finds the impact of every edit."""

    impact_found = Signal(object)  # Impact of the last edit
    updated = Signal()  # ``decisions`` are others now
    failed = Signal(object)  # the exception because of which nothing is tracked

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._memory: WholeMemory | None = None
        self._tracker: ImpactTracker | None = None
        self._beginning = False  # whether a tracker is being made
        self.decisions: tuple[WatchedDecision, ...] = ()

    @property
    def tracker(self) -> ImpactTracker | None:
        """What previews edits too; to be used in the edits' thread only."""
        return self._tracker

    def expected(self, content: str | None) -> str | None:
        """What the watched picture of this content ought to be; None where it is not watched."""
        if content is None:
            return None
        return next((one.expected for one in self.decisions if one.picture.content == content), None)

    @property
    def words(self) -> str:
        """ "41 of 50 as expected at level 1", at the level that the memory decides at; "" without a watch set."""
        if self._memory is None or not self.decisions:
            return ""
        right, level = sum(row.right for row in self.decisions), self._memory.settings.level
        return f"{right:,} of {len(self.decisions):,} as expected{f' at {level_in_words(level)}' if level else ''}"

    def set_memory(self, memory: WholeMemory | None) -> None:
        self._memory = memory
        self.restart()

    def restart(self) -> None:
        """Track again: another memory, or another watch set."""
        self._tasks.supersede(TOPIC)
        self._drop()
        self._beginning = False
        if self._memory is None:
            self._show(())
        else:
            self._track(self._memory)

    def _track(self, memory: WholeMemory) -> None:
        """Have another tracker made; the present one is used until then."""

        def work(report: Report) -> ImpactTracker:
            from visualmemory_gui.engine.study.impact import ImpactTracker

            return ImpactTracker(memory, report=report)

        self._beginning = True
        self._tasks.run_background("Following decisions", work, self._take, self._stopped, topic=TOPIC)

    def on_changed(self, changes: Changes) -> None:
        """Find the impact of ``changes``. Forgetting starts again: nothing of what is gone may be kept."""
        if changes.forgotten:
            self.restart()
        tracker = self._tracker
        if tracker is None and self._memory is not None and not self._beginning:
            self._track(self._memory)  # it was stopped
        if tracker is None or not (changes.ids or changes.settings):
            return

        def work() -> tuple[Impact, tuple[WatchedDecision, ...]] | None:
            alive = tracker is self._tracker  # else the memory may be closed by now
            return (tracker.impact_of(changes), tracker.watched_decisions()) if alive else None

        self._tasks.run_edit("Looking at other decisions", work, self._take_impact, wait_ms=AFTER_PAINT_MS)

    def _take(self, tracker: ImpactTracker) -> None:
        self._drop()
        self._tracker, self._beginning = tracker, False

        def work() -> tuple[WatchedDecision, ...] | None:
            if tracker is not self._tracker:
                return None  # the memory may be closed by now
            tracker.catch_up()  # with what was edited while it was made
            return tracker.watched_decisions()

        self._tasks.run_edit("Reading the watch set", work, self._caught_up, topic=TOPIC)

    def _drop(self) -> None:
        if self._tracker is not None:
            self._tracker.close()
        self._tracker = None

    def _stopped(self, error: BaseException) -> None:
        """The user stopped it: the next edit begins it once more."""
        self._beginning = False
        if not isinstance(error, Cancelled):
            self.failed.emit(error)

    def _caught_up(self, rows: tuple[WatchedDecision, ...] | None) -> None:
        if rows is not None:
            self._show(rows)

    def _take_impact(self, found: tuple[Impact, tuple[WatchedDecision, ...]] | None) -> None:
        if found is None:
            return
        impact, rows = found
        self._show(rows)
        self.impact_found.emit(impact)
        if self._tracker is not None and self._tracker.outgrown and self._memory is not None and not self._beginning:
            self._track(self._memory)

    def _show(self, decisions: tuple[WatchedDecision, ...]) -> None:
        self.decisions = decisions
        self.updated.emit()
