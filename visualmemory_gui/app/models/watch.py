"""The watch set, or a sample of the memory in its place: its decisions, and which ones an edit changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.models.background_result import MemoryResult
from visualmemory_gui.app.models.decision import AFTER_PAINT_MS
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.what_if.impact import Impact, WatchedDecision
    from visualmemory_gui.engine.what_if.watch_tracker import Tracker

CHEAP_S = 0.05  # an edit of many is tracked in less
FEW = 300  # decisions; tracking them is taken to be cheap before it is measured


class WatchModel(MemoryResult["Memory", "Tracker"]):
    """``found`` tracks the decisions. It is made in the background once a memory is open, and used in the edits'
    thread alone, for the impact of every edit."""

    impact_found = Signal(object)  # Impact of the last edit
    decisions_changed = Signal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(tasks, "watch", parent)
        self.decisions: tuple[WatchedDecision, ...] = ()
        self._calm = self._behind = False
        self._took: float | None = None  # seconds of the last impact

    def expected(self, content: str | None) -> str | None:
        """What the watched image of this content should be; None if it is not watched."""
        if content is None:
            return None
        return next((one.expected for one in self.decisions if one.image.content == content), None)

    @property
    def words(self) -> str:
        """ "41 of 50 as expected at level 1", at the level that the memory decides at; "" without a watch set."""
        if self._memory is None or not self.decisions:
            return ""
        right, level = sum(row.right for row in self.decisions), self._memory.settings.level
        return f"{right:,} of {len(self.decisions):,} as expected{f' at {level_in_words(level)}' if level else ''}"

    def set_memory(self, memory: Memory | None) -> None:
        super().set_memory(memory)
        self.restart()

    def restart(self) -> None:
        """Track again for another memory, or another watch set."""
        self._behind, self._took = False, None
        self.clear()
        if self._memory is None:
            self._show(())
        self._track()

    def set_calm(self, calm: bool) -> None:
        """While it is calm, edits follow each other fast: the sample of the memory is tracked through each of them only
        where that takes less than CHEAP_S; else it is decided again after them, in the background."""
        self._calm = calm
        if not calm and self._behind:
            self.restart()

    def _is_cheap(self, tracker: Tracker) -> bool:
        return len(tracker) <= FEW if self._took is None else self._took <= CHEAP_S

    def on_changed(self, changes: Changes) -> None:
        """Find the impact of ``changes``. After a forget, start again: nothing forgotten may be retained."""
        if changes.forgotten:
            self.restart()
        tracker = self.found
        if tracker is None and not self.running:
            self._track()  # it had been stopped
        if tracker is None or not (changes.ids or changes.settings):
            return
        if self._calm and not self.decisions and (self._behind or not self._is_cheap(tracker)):
            self._behind = True
            return

        def work() -> tuple[Impact, tuple[WatchedDecision, ...], float] | None:
            if tracker is not self.found:
                return None  # the memory may be closed by now
            began = time.thread_time()
            return tracker.impact_of(changes), tracker.watched_decisions(), time.thread_time() - began

        self._tasks.run_edit("Looking at other decisions", work, self._take_impact, wait_ms=AFTER_PAINT_MS)

    def _track(self) -> None:
        """Make another tracker; the present one is used until then."""

        def work(memory: Memory, report: Report) -> Tracker:
            from visualmemory_gui.engine.what_if.watch_tracker import tracker_of

            return tracker_of(memory, report=report)

        self.run("Deciding tracked images", work)

    def _put(self, found: Tracker | None) -> None:
        if self.found is not None:
            self.found.close()
        super()._put(found)
        if found is not None:
            self._read(found)

    def _read(self, tracker: Tracker) -> None:
        def work() -> tuple[WatchedDecision, ...] | None:
            if tracker is not self.found:
                return None  # the memory may be closed by now
            tracker.catch_up()  # with the edits made while it was being built
            return tracker.watched_decisions()

        self._tasks.run_edit("Reading the watch set", work, self._show, topic=self._topic)

    def _take_impact(self, found: tuple[Impact, tuple[WatchedDecision, ...], float] | None) -> None:
        if found is None:
            return
        impact, decisions, self._took = found
        self._show(decisions)
        self.impact_found.emit(impact)
        if self.found is not None and self.found.outgrown and not self.running:
            self._track()

    def _show(self, decisions: tuple[WatchedDecision, ...] | None) -> None:
        if decisions is not None:
            self.decisions = decisions
            self.decisions_changed.emit()
