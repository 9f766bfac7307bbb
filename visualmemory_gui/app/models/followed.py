"""The decisions that are followed across edits: which of them an edit moved, and how the watch set stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.models.decision import AFTER_PAINT_MS
from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory
    from visualmemory_gui.engine.study.impact import Impact, ImpactTracker, WatchedDecision

TOPIC = "followed"


class Runner(Protocol):
    """The two executors, as far as the model needs them."""

    def run_edit(self, title: str, fn: Any, then: Any, *, topic: str = "", wait_ms: int = 0) -> object: ...
    def run_background(self, title: str, fn: Any, then: Any, failed: Any = None, *, topic: str = "") -> object: ...
    def supersede(self, topic: str) -> None: ...


class FollowedModel(QObject):
    """Begun in the background once a memory is open; from then on every edit is followed in the edits' thread."""

    moved = Signal(object)  # Impact of the edit that came last
    updated = Signal()  # ``rows`` are others now
    failed = Signal(object)  # the exception because of which nothing is followed

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._memory: VisualMemory | None = None
        self._tracker: ImpactTracker | None = None
        self._beginning = False  # whether a tracker is being made
        self.rows: tuple[WatchedDecision, ...] = ()

    @property
    def tracker(self) -> ImpactTracker | None:
        """What looks ahead too; to be used in the edits' thread only."""
        return self._tracker

    def expected(self, content: str | None) -> str | None:
        """What the watched picture of this content ought to be; None where it is not watched."""
        watched = (row.query for row in self.rows if content and row.query.picture)
        return next((q.expected for q in watched if q.picture and q.picture.content == content), None)

    @property
    def words(self) -> str:
        """ "41 of 50 as expected at level 1", at the level that the memory decides at; "" without a watch set."""
        if self._memory is None or not self.rows:
            return ""
        right, level = sum(row.right for row in self.rows), self._memory.settings.level
        return f"{right:,} of {len(self.rows):,} as expected{f' at {level_in_words(level)}' if level else ''}"

    def set_memory(self, memory: VisualMemory | None) -> None:
        self._memory = memory
        self.begin()

    def begin(self) -> None:
        """Follow anew: another memory, or another watch set."""
        self._runner.supersede(TOPIC)
        self._drop()
        self._beginning = False
        if self._memory is None:
            self._show(())
        else:
            self._look_again(self._memory)

    def _look_again(self, memory: VisualMemory) -> None:
        """Have another tracker made; the one that is there serves until then."""

        def work(report: Report) -> ImpactTracker:
            from visualmemory_gui.engine.study.impact import ImpactTracker

            return ImpactTracker(memory, report=report)

        self._beginning = True
        self._runner.run_background("Following decisions", work, self._take, self._stopped, topic=TOPIC)

    def on_changed(self, changes: Changes) -> None:
        """Tell which decisions ``changes`` moved. Forgetting begins anew: nothing of what is gone may be kept."""
        if changes.forgotten:
            self.begin()
        tracker = self._tracker
        if tracker is None and self._memory is not None and not self._beginning:
            self._look_again(self._memory)  # it was stopped
        if tracker is None or not (changes.ids or changes.settings):
            return

        def work() -> tuple[Impact, tuple[WatchedDecision, ...]] | None:
            alive = tracker is self._tracker  # else the memory may be closed by now
            return (tracker.impact_of(changes), tracker.watched_decisions()) if alive else None

        self._runner.run_edit("Looking at other decisions", work, self._followed, wait_ms=AFTER_PAINT_MS)

    def _take(self, tracker: ImpactTracker) -> None:
        self._drop()
        self._tracker, self._beginning = tracker, False

        def work() -> tuple[WatchedDecision, ...] | None:
            if tracker is not self._tracker:
                return None  # the memory may be closed by now
            tracker.catch_up()  # with what was edited while it was made
            return tracker.watched_decisions()

        self._runner.run_edit("Reading the watch set", work, self._caught_up, topic=TOPIC)

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

    def _followed(self, found: tuple[Impact, tuple[WatchedDecision, ...]] | None) -> None:
        if found is None:
            return
        impact, rows = found
        self._show(rows)
        self.moved.emit(impact)
        if self._tracker is not None and self._tracker.outgrown and self._memory is not None and not self._beginning:
            self._look_again(self._memory)

    def _show(self, rows: tuple[WatchedDecision, ...]) -> None:
        self.rows = rows
        self.updated.emit()
