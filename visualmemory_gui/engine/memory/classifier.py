"""Classifier: from a query's vector to a decision, by search, vote and the test whether the query is known."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, get_args

import numpy as np

from visualmemory_gui.engine.arguments import ids_of
from visualmemory_gui.engine.decision.decide import decide
from visualmemory_gui.engine.decision.equal_vectors import rows_behind
from visualmemory_gui.engine.decision.leave_one_out import UNRELATED, ContentKeys, Related, own_class, rows_alike
from visualmemory_gui.engine.decision.novelty import DEPTHS, Limits
from visualmemory_gui.engine.decision.own_measures import OwnMeasures
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.index.search import Searcher, SearchResult, rows_of_known
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store.checksum import content_key, vector_hash
from visualmemory_gui.engine.types import F32, I64, Decision, SearchInfo, SearchMode

RECOMPUTE_SHARE = 0.05
OUTDATED = 0.2
"""The share of changed rows at which an edit itself waits until what is usual is measured, where no one does so in the
background."""
FIRST_M = max(DEPTHS)
EQUAL = 1e-5
"""Above the distance of any two equal vectors, whose lengths are within 1e-6 of 1."""

_SEARCHES = get_args(SearchMode)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which exemplars a query may see, and how they are searched; ``exclude`` holds ids of those that must not vote.

    ``own`` is the id of the exemplar that the query itself is, which leave-one-out leaves out with its copies and its
    group.
    """

    search: SearchMode = "auto"
    exclude: Collection[int] = ()
    own: int | None = None

    @classmethod
    def of(cls, search: SearchMode, exclude: Collection[int], *, own: int | None = None) -> Scope:
        """The scope for these arguments. Raises BadValue."""
        if search not in _SEARCHES:
            raise BadValue(f"unknown search {search!r}; choose from {', '.join(_SEARCHES)}")
        return cls(search, ids_of(exclude), own)


class ContentIds(NamedTuple):
    """The content id of a query's image, and that of the whole image where it is a part of one; None for none."""

    content: str | None = None
    original: str | None = None

    @property
    def whole(self) -> str | None:
        """The content id of the whole image."""
        return self.original or self.content


NO_CONTENT = ContentIds()


class Decider:
    """Decides queries on snapshots. Thread-safe; starts no thread.

    Decisions use what is known of what is usual here, and never wait for it: it is due (``stale``) once 5 % of the rows
    or the scheme have changed since it was measured, and the caller runs ``refresh``. If ``deferred`` is set, a live
    graph is queried in addition to exact search.
    """

    def __init__(
        self,
        searcher: Searcher,
        usual: OwnMeasures,
        *,
        touched: int,
        deferred: bool,
        scheme: VotingScheme,
        limits: Limits,
    ) -> None:
        self.searcher = searcher
        self.deferred = deferred
        self.scheme = scheme
        self._touched = touched
        self._usual, self._limits = usual, limits
        self.thresholds = usual.thresholds(limits)

    @property
    def usual(self) -> OwnMeasures:
        """What is usual in the memory, as last measured."""
        return self._usual

    def follow_settings(self, scheme: VotingScheme, limits: Limits) -> None:
        """From now on the memory decides by ``scheme`` and judges known and unknown by ``limits``."""
        self.scheme, self._limits = scheme, limits
        self.thresholds = self._usual.thresholds(limits)

    def note_edit(self, rows: int) -> None:
        """Count ``rows`` towards the 5 % after which what is usual is measured again."""
        self._touched += rows

    def stale(self, snapshot: Snapshot) -> bool:
        """Whether it is time to measure what is usual."""
        return not self._usual.holds_for(self.scheme) or self._touched > RECOMPUTE_SHARE * max(len(snapshot), 1)

    def outdated(self, snapshot: Snapshot) -> bool:
        """Whether what was measured says little of the memory as it is now."""
        return not self._usual.holds_for(self.scheme) or self._touched > OUTDATED * max(len(snapshot), 1)

    def refresh(self, snapshot: Snapshot, report: Report = silent) -> OwnMeasures:
        """Measure what is usual in ``snapshot``."""
        touched = self._touched
        self._usual = OwnMeasures.of(snapshot, self.searcher.nearest_many, self.scheme, report=report)
        self.thresholds = self._usual.thresholds(self._limits)
        self._touched -= touched
        return self._usual

    def decide(
        self, snapshot: Snapshot, vector: F32, scheme: VotingScheme, *, scope: Scope, image: ContentIds = NO_CONTENT
    ) -> Decision:
        """Decide one query vector, (dim,) float32 of unit length, of ``image``."""
        own, scope = leave_own_out(snapshot, scope)
        started = time.perf_counter()
        found, related = self.retrieve(snapshot, vector, scheme, scope=scope, image=image)
        search_s = time.perf_counter() - started
        return self.decided(
            snapshot,
            vector,
            scheme,
            scope=scope,
            own=own,
            found=found,
            related=related,
            search_s=search_s,
        )

    def decide_many(
        self,
        snapshot: Snapshot,
        vectors: F32,
        scheme: VotingScheme,
        *,
        scope: Scope,
        images: Sequence[ContentIds],
    ) -> list[Decision]:
        """``decide`` for each row of ``vectors`` (n, dim), equal to it to the last digit, by one search.

        The search time is divided evenly among them.
        """
        started = time.perf_counter()
        out = rows_of_known(snapshot, scope.exclude)
        nearest = self.searcher.nearest_many(
            snapshot,
            vectors,
            _asked_for(scheme.k),
            excluded_rows=lambda _: out,
            mode=scope.search,
            different=scheme.joint,
        )
        found = [
            self.retrieve(snapshot, vector, scheme, scope=scope, image=image, first=first)
            for vector, image, first in zip(vectors, images, nearest, strict=True)
        ]
        search_s = (time.perf_counter() - started) / max(len(vectors), 1)
        return [
            self.decided(
                snapshot,
                vector,
                scheme,
                scope=scope,
                own=None,
                found=one,
                related=related,
                search_s=search_s,
            )
            for vector, (one, related) in zip(vectors, found, strict=True)
        ]

    def decided(
        self,
        snapshot: Snapshot,
        vector: F32,
        scheme: VotingScheme,
        *,
        scope: Scope,
        own: I64 | None,
        found: SearchResult,
        related: Related,
        search_s: float,
    ) -> Decision:
        """The vote of the neighbours ``found``; ``own`` is for ``others_counted``."""
        started = time.perf_counter()
        timings = {"search": search_s * 1e3}
        decision = decide(
            snapshot,
            found.rows,
            found.distances,
            scheme,
            own=own,
            novelty=self.thresholds,
            confidence=self._usual.confidence,
            sets=self._usual.sets,
            related=related,
            search=self._shadowed(snapshot, vector, found, scheme=scheme, exclude=scope.exclude),
            timings=timings,
        )
        timings["vote"] = (time.perf_counter() - started) * 1e3
        return decision

    def _shadowed(
        self, snapshot: Snapshot, vector: F32, found: SearchResult, *, scheme: VotingScheme, exclude: Collection[int]
    ) -> SearchInfo:
        """How the neighbours were found and, where exact search decided, which of them the graph would have found."""
        if not self.deferred or found.info.mode == "hnsw":
            return found.info
        voters = scheme.voters(snapshot, found.rows)
        first = SearchResult(found.rows[voters], found.distances[voters], found.info)
        also = self.searcher.shadow(snapshot, vector, first, excluded=exclude)
        if also is None:
            return found.info
        missed = snapshot.ids[first.rows[~also]].tolist()
        return replace(found.info, agreement=int(also.sum()), missed=tuple(missed))

    def retrieve(
        self,
        snapshot: Snapshot,
        vector: F32,
        scheme: VotingScheme,
        *,
        scope: Scope,
        image: ContentIds,
        first: SearchResult | None = None,
    ) -> tuple[SearchResult, Related]:
        """Those that can vote by ``scheme``, or more until ten of them are of other content than the query.

        Also which of them are not. ``first`` are the nearest, if they were searched already. Vectors are hashed only
        where one is near enough to be equal.
        """
        content, whole_image = content_key(image.content), content_key(image.whole)
        count, twin, found = _asked_for(scheme.k), 0, first
        while True:
            if found is None:
                found = self.searcher.nearest(
                    snapshot, vector, count, mode=scope.search, excluded=scope.exclude, different=scheme.joint
                )
            whole = len(found.rows) < count
            if scheme.joint:
                found = all_behind(snapshot, found, scope.exclude)
            if len(found.rows) and found.distances[0] <= EQUAL:
                twin = twin or vector_hash(vector)
            related = UNRELATED
            if content or twin or whole_image:
                related = Related.of(snapshot, found.rows[None], ContentKeys.one(content, twin, whole_image))
            if whole or len(found.rows) - related.count >= FIRST_M:
                return found, related
            count, found = 2 * count, None


def all_behind(snapshot: Snapshot, found: SearchResult, excluded: Collection[int]) -> SearchResult:
    """All exemplars of the different vectors ``found`` but those whose ids are ``excluded``."""
    if not len(snapshot.twin_groups):
        return found
    out = rows_of_known(snapshot, excluded)
    rows, distances = rows_behind(
        snapshot,
        found.rows[None],
        found.distances[None],
        lambda _, rows: np.isin(rows, out),
        most=max(len(snapshot), 1),
    )
    return SearchResult(rows[0], distances[0], found.info)


def _asked_for(k: int) -> int:
    """How many neighbours to search first."""
    return max(k, FIRST_M) + 1


def leave_own_out(snapshot: Snapshot, scope: Scope) -> tuple[I64 | None, Scope]:
    """The class of the exemplar ``scope.own``, for ``others_counted``, and the scope without the rows it must not see.

    None, and the scope unchanged, if the query is not an exemplar. Raises UnknownExemplar.
    """
    if scope.own is None:
        return None, scope
    at = snapshot.rows_of([scope.own])
    out = rows_alike(snapshot, ContentKeys.of(snapshot, at.reshape(())))
    unseen = set(scope.exclude) | set(snapshot.ids[out].tolist())
    return own_class(snapshot, at).reshape(()), replace(scope, exclude=unseen)


def leave_copies_out(snapshot: Snapshot, query: Queries) -> tuple[I64, Scope]:
    """The class of which one ``query``, decided without what is like it, is itself an exemplar, for ``others_counted``,
    and the scope without the rows it must not see."""
    left_out = query.left_out(snapshot)
    out = [] if left_out is None else snapshot.ids[left_out(0)].tolist()
    return own_class(snapshot, query.own_rows(snapshot)).reshape(()), Scope(exclude=out)
