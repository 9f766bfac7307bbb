"""From a query's vector to a decision: search, vote, and whether the query is known at all."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from visualmemory_gui.engine.arguments import ids_of, whole
from visualmemory_gui.engine.decision import confidence, novelty
from visualmemory_gui.engine.decision.confidence import Ballot, Confidence
from visualmemory_gui.engine.decision.decide import decide
from visualmemory_gui.engine.decision.leave_one_out import rows_alike, without_own
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.index.search import Found, Searcher, rows_of_known
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store.checksum import content_key, vector_hash
from visualmemory_gui.engine.types import F32, I64, RULES, Decision, MemorySettings, Rule, SearchInfo, SearchMode

RECOMPUTE_SHARE = 0.05
FIRST_M = max(novelty.DEPTHS)
EQUAL = 1e-5
"""Above the distance of any two equal vectors, whose lengths are within 1e-6 of 1."""

_SEARCHES = get_args(SearchMode)


@dataclass(frozen=True, slots=True)
class Ask:
    """How a query is to be decided; ``exclude`` holds ids of exemplars that must not vote.

    ``own`` is the id of the exemplar that the query itself is, which leave-one-out leaves out with all that is alike.
    """

    k: int
    rule: Rule
    class_factor: bool
    search: SearchMode = "auto"
    level: int = 0
    exclude: Collection[int] = ()
    own: int | None = None

    @classmethod
    def of(
        cls,
        settings: MemorySettings,
        k: int | None,
        rule: Rule | None,
        *,
        search: SearchMode,
        level: int,
        exclude: Collection[int],
        own: int | None = None,
    ) -> Ask:
        """``k`` and ``rule`` of None come from the settings. Raises BadValue."""
        k, rule = settings.k if k is None else whole(k, "k"), settings.rule if rule is None else rule
        if k < 1:
            raise BadValue(f"k counts neighbours and must be at least 1, not {k}")
        if rule not in RULES:
            raise BadValue(f"there is no voting rule {rule!r}; there are {', '.join(RULES)}")
        if search not in _SEARCHES:
            raise BadValue(f"there is no search {search!r}; there are {', '.join(_SEARCHES)}")
        if (level := whole(level, "a level")) < 0:
            raise BadValue(f"a level is 0 (the full label) or more, not {level}")
        return cls(k, rule, settings.class_factor, search, level, ids_of(exclude), own)


class Decider:
    """Decides queries on snapshots. Safe to call from many threads; owns no thread.

    The thresholds of ``known`` and the map of confidence, which is fitted for ``ballot``, are measured when first
    needed and again once 5 % of the rows changed, or the ballot did. Where
    ``deferred`` is set, somebody else calls ``refresh`` in the background, decisions use what is there, and a living
    graph is asked beside exact search.
    """

    def __init__(
        self,
        searcher: Searcher,
        thresholds: novelty.Thresholds | None,
        *,
        touched: int,
        deferred: bool,
        ballot: Ballot,
        calibrated: Confidence | None,
    ) -> None:
        self.searcher = searcher
        self.deferred = deferred
        self.thresholds = thresholds
        self.ballot, self.confidence = ballot, calibrated
        self._touched = touched

    def note_edit(self, rows: int) -> None:
        """Count ``rows`` towards the 5 % after which the thresholds are measured anew."""
        self._touched += rows

    def stale(self, snapshot: Snapshot) -> bool:
        if self.thresholds is None or self.confidence is None or self.confidence.ballot != self.ballot:
            return True
        return self._touched > RECOMPUTE_SHARE * max(len(snapshot), 1)

    def refresh(self, snapshot: Snapshot, report: Report = silent) -> tuple[novelty.Thresholds, Confidence]:
        """Measure the thresholds of ``known`` and the map of confidence on ``snapshot``."""
        touched, search = self._touched, self.searcher.nearest_many
        thresholds = novelty.measure(snapshot, search, report=report)
        calibrated = confidence.measure(snapshot, search, self.ballot, report=report)
        self.thresholds, self.confidence = thresholds, calibrated
        self._touched -= touched
        return thresholds, calibrated

    def decide(self, snapshot: Snapshot, vector: F32, ask: Ask, *, content: str | None = None) -> Decision:
        """Decide one query vector, (dim,) float32 of unit length. ``content`` is the picture's content id, if any."""
        self._refresh_if_stale(snapshot)
        counted, ask = leave_own_out(snapshot, ask)
        started = time.perf_counter()
        of = content_key(content)
        found, twin = self._retrieve(snapshot, vector, ask, content=of)
        search_s = time.perf_counter() - started
        return self._decided(
            snapshot, vector, ask, counted=counted, found=found, twin=twin, content=of, search_s=search_s
        )

    def decide_many(
        self, snapshot: Snapshot, vectors: F32, ask: Ask, *, contents: Sequence[str | None]
    ) -> list[Decision]:
        """``decide`` for each row of ``vectors`` (n, dim), equal to it to the last digit: they are searched together.

        The time of the search is shared out among them.
        """
        self._refresh_if_stale(snapshot)
        started = time.perf_counter()
        out = rows_of_known(snapshot, ask.exclude)
        nearest = self.searcher.nearest_many(
            snapshot, vectors, _asked_for(ask), excluded_rows=lambda _: out, mode=ask.search
        )
        found = [
            self._retrieve(snapshot, vector, ask, content=content_key(content), first=first)
            for vector, content, first in zip(vectors, contents, nearest, strict=True)
        ]
        search_s = (time.perf_counter() - started) / max(len(vectors), 1)
        return [
            self._decided(
                snapshot,
                vector,
                ask,
                counted=snapshot,
                found=one,
                twin=twin,
                content=content_key(content),
                search_s=search_s,
            )
            for vector, content, (one, twin) in zip(vectors, contents, found, strict=True)
        ]

    def _refresh_if_stale(self, snapshot: Snapshot) -> None:
        if not self.deferred and self.stale(snapshot):
            self.refresh(snapshot)

    def _decided(
        self,
        snapshot: Snapshot,
        vector: F32,
        ask: Ask,
        *,
        counted: Snapshot,
        found: Found,
        twin: int,
        content: int,
        search_s: float,
    ) -> Decision:
        """The vote of the neighbours ``found``, weighed by what ``counted`` counts of their classes."""
        started = time.perf_counter()
        timings = {"search": search_s * 1e3}
        decision = decide(
            counted,
            found.rows,
            found.distances,
            k=ask.k,
            rule=ask.rule,
            class_factor=ask.class_factor,
            level=ask.level,
            novelty=self.thresholds,
            content=content,
            twin=twin,
            search=self._shadowed(snapshot, vector, ask, found),
            timings=timings,
        )
        decision = self._confident(decision, ask)
        timings["vote"] = (time.perf_counter() - started) * 1e3
        return decision

    def _confident(self, decision: Decision, ask: Ask) -> Decision:
        """With the chance that it is right, where the map was fitted for this way to decide."""
        known = self.confidence
        if known is None or decision.share is None:
            return decision
        if known.ballot != Ballot(ask.k, ask.rule, ask.class_factor, ask.level):
            return decision
        return replace(decision, confidence=known.of(decision.share))

    def _shadowed(self, snapshot: Snapshot, vector: F32, ask: Ask, found: Found) -> SearchInfo:
        """How it was found, and which of the k the graph would have found where exact search decided."""
        if not self.deferred or found.info.mode == "hnsw":
            return found.info
        first = Found(found.rows[: ask.k], found.distances[: ask.k], found.info)
        also = self.searcher.shadow(snapshot, vector, first, excluded=ask.exclude)
        if also is None:
            return found.info
        missed = snapshot.ids[first.rows[~also]].tolist()
        return replace(found.info, agreement=int(also.sum()), missed=tuple(missed))

    def _retrieve(
        self, snapshot: Snapshot, vector: F32, ask: Ask, *, content: int, first: Found | None = None
    ) -> tuple[Found, int]:
        """The first k neighbours, or more until ten of them are of other content than the query.

        Beside them the query's twin hash, 0 where none of them is so near that it could be an equal vector. ``first``
        are the nearest where they were looked for already.
        """
        count, twin, found = _asked_for(ask), 0, first
        while True:
            if found is None:
                found = self.searcher.nearest(snapshot, vector, count, mode=ask.search, excluded=ask.exclude)
            if len(found.rows) and found.distances[0] <= EQUAL:
                twin = twin or vector_hash(vector)
            if len(found.rows) < count or len(found.rows) - _own(snapshot, found.rows, content, twin) >= FIRST_M:
                return found, twin
            count, found = 2 * count, None


def _asked_for(ask: Ask) -> int:
    """How many neighbours are looked for first."""
    return max(ask.k, FIRST_M) + 1


def leave_own_out(snapshot: Snapshot, ask: Ask) -> tuple[Snapshot, Ask]:
    """What the decision of the exemplar ``ask.own`` counts, and the question without those that it must not see.

    Both as they are where the query is no exemplar. Raises UnknownExemplar.
    """
    if ask.own is None:
        return snapshot, ask
    [row] = snapshot.rows_of([ask.own]).tolist()
    alike = rows_alike(snapshot, int(snapshot.content[row]), int(snapshot.twin[row]), int(snapshot.group[row]))
    return without_own(snapshot, row), replace(ask, exclude=set(ask.exclude) | set(snapshot.ids[alike].tolist()))


def _own(snapshot: Snapshot, rows: I64, content: int, twin: int) -> int:
    """How many of ``rows`` are the query itself: of its content or its vector (0: it can have no equal)."""
    if not content and not twin:
        return 0
    own = snapshot.twin[rows] == twin
    if content:
        own |= snapshot.content[rows] == content
    return int(np.count_nonzero(own))
