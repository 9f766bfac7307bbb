"""The decisions on the watch set of a memory whose rows are elsewhere, followed across edits."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import Changes, Decision
from visualmemory_gui.engine.what_if.impact import (
    ChangedDecision,
    Impact,
    ImpactTracker,
    TrackedQuery,
    WatchedDecision,
    heard_weakly,
)
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory, RemoteMemory


class WatchTracker:
    """Keeps the decisions on the watch set up to date, as ``ImpactTracker`` does. No sample takes its place: without a
    watch set nothing is tracked. For one thread at a time.

    Of several edits that were made before the impact of one is asked for, all count as that one.
    """

    outgrown = False

    def __init__(self, memory: RemoteMemory, *, report: Report = silent) -> None:
        self._memory = memory
        self._edits: deque[Changes] = deque()
        self.close = heard_weakly(self, memory, self._note)
        self._watched = tuple(one for one in memory.watch.all() if one.image.vector is not None)
        report(0, len(self), "deciding")
        self._decisions = self._decide()

    def __len__(self) -> int:
        return len(self._watched)

    def impact_of(self, changes: Changes) -> Impact:
        """The impact of the edit ``changes``; none if it was made before the start, or counted already. Raises
        ServerError."""
        if changes not in self._edits:
            return Impact((), 0, bool(self._watched))
        before, expected = self._decisions, [one.expected for one in self._watched]
        self.catch_up()
        return self._impact(before, self._decisions, range(len(self)), expected)

    def catch_up(self) -> None:
        """Decide again, if the memory was edited. Raises ServerError."""
        if self._edits:
            self._edits.clear()
            now = {one.image.id: one for one in self._memory.watch.all()}  # a renamed class is expected under its name
            self._watched = tuple(now.get(one.image.id, one) for one in self._watched)
            self._decisions = self._decide()

    def preview(self, edit: ProposedEdit, *, report: Report = silent) -> Impact:
        """The impact that ``edit`` would have; nothing is written. Raises as the edit would, and ServerError."""
        self.catch_up()
        gone = edit.forgotten(self._memory)
        places = [i for i, one in enumerate(self._watched) if one.image.content not in gone]
        return self._impact(self._decisions, self._decide(edit), places, [one.expected for one in self._watched])

    def watched_decisions(self) -> tuple[WatchedDecision, ...]:
        """The decisions on the watch set, in its order."""
        level = self._memory.settings.level
        return tuple(
            WatchedDecision(one.image, at_level(one.expected, level), decision.label, decision.share)
            for one, decision in zip(self._watched, self._decisions, strict=True)
        )

    def _decide(self, edit: ProposedEdit | None = None) -> Sequence[Decision]:
        return self._memory.decide_watched(self._watched, edit)

    def _impact(
        self, before: Sequence[Decision], after: Sequence[Decision], places: Sequence[int], expected: Sequence[str]
    ) -> Impact:
        """``expected`` these before."""
        level, changed = self._memory.settings.level, []
        for i in places:
            was, now = before[i].label, after[i].label
            if was != now:
                query = TrackedQuery(at_level(self._watched[i].expected, level), image=self._watched[i].image)
                changed.append(ChangedDecision(query, was, now, was_right=was == at_level(expected[i], level)))
        return Impact(tuple(changed), len(places), bool(self._watched), left_out=len(self) - len(places))

    def _note(self, changes: Changes) -> None:
        """Called in the thread of the edit, which waits, so nothing is decided here."""
        if changes.ids or changes.settings:
            self._edits.append(changes)


Tracker = ImpactTracker | WatchTracker


def tracker_of(memory: Memory, *, report: Report = silent) -> Tracker:
    """What tracks decisions on ``memory``, wherever its rows are."""
    from visualmemory_gui.engine.memory.protocol import remote, whole

    if memory.is_whole:
        return ImpactTracker(whole(memory), report=report)
    return WatchTracker(remote(memory), report=report)
