"""Deciding on a shared memory: the server proposes, the same functions as in a folder order, vote and judge."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from visualmemory_gui.engine.decision.novelty import Limits
from visualmemory_gui.engine.decision.own_measures import OwnMeasures
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue, UnknownExemplar
from visualmemory_gui.engine.index.search import Searcher
from visualmemory_gui.engine.memory.classifier import (
    FIRST_M,
    ContentIds,
    Decider,
    Scope,
    leave_copies_out,
    leave_own_out,
)
from visualmemory_gui.engine.memory.tracked_decisions import queries_of
from visualmemory_gui.engine.shared_memory.candidates import Candidates, LabelTable
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits
from visualmemory_gui.engine.shared_memory.server import MOST_ROWS, Read
from visualmemory_gui.engine.shared_memory.shared_row import SharedRow
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.types import F32, Decision, MemorySettings, SearchInfo


@dataclass(frozen=True, slots=True)
class Proposals:
    """For each query the active rows that the server found nearest, up to ``limit``; ``own`` edits since, by id.

    ``labels`` are all labels; None: as they are.
    """

    rows: Sequence[list[SharedRow]]
    limit: int
    own: Mapping[int, SharedRow]
    read: Read = "session"
    labels: LabelTable | None = None


@dataclass(frozen=True, slots=True)
class Supposed:
    """What an edit that is not made would leave: the ``rows`` that it changes or adds, by id, and all labels."""

    rows: Mapping[int, SharedRow]
    labels: LabelTable | None


NOT_SUPPOSED = Supposed({}, None)


MARGIN = 10
"""Rows asked for beyond those that are needed: the farthest of them must be farther than the last neighbour."""


class SharedClassifier:
    """Decides queries by one search each, or by one for many; asks for more only where the first do not suffice."""

    def __init__(self, store: SharedStore, own: OwnEdits, usual: OwnMeasures, settings: MemorySettings) -> None:
        self._store = store
        self._own = own
        self.settings = settings
        self._searcher = Searcher(store.identity.dim, threads=1)
        self.judge_by(usual)
        self._info = SearchInfo("hnsw" if store.graph else "exact", "server")

    def decide(self, vector: F32, scheme: VotingScheme, *, scope: Scope, image: ContentIds) -> Decision:
        """Decide one query vector, (dim,) float32 of unit length. Raises ServerError, BadValue."""
        return self.decide_many(vector[None], scheme, scope=scope, images=[image])[0]

    def decide_many(
        self, vectors: F32, scheme: VotingScheme, *, scope: Scope, images: Sequence[ContentIds]
    ) -> list[Decision]:
        """``decide`` for each row of ``vectors`` (n, dim), equal to it to the last digit, by one search."""
        _require_served(scope)
        started = time.perf_counter()
        limit = min(self.limit(scheme) + len(scope.exclude), MOST_ROWS)
        laid = self._own.laid()
        found = Proposals(self._store.nearest(vectors, limit, read=laid.read), limit, laid.rows, laid.read)
        search_s = (time.perf_counter() - started) / max(len(vectors), 1)
        return self.decide_proposed(vectors, found, scheme, scope=scope, images=images, search_s=search_s)

    def propose(self, vectors: F32, limit: int) -> list[list[SharedRow]]:
        """The active rows nearest to each of ``vectors`` (n, dim), with all that this client wrote. Raises
        ServerError."""
        return self._store.nearest(vectors, limit, read="session") if len(vectors) else []

    def limit(self, scheme: VotingScheme) -> int:
        """How many rows to have proposed for one query."""
        return min(max(scheme.k, FIRST_M) + 1 + MARGIN, MOST_ROWS)

    def decide_proposed(
        self,
        vectors: F32,
        proposals: Proposals,
        scheme: VotingScheme,
        *,
        scope: Scope,
        images: Sequence[ContentIds],
        search_s: float = 0.0,
    ) -> list[Decision]:
        """``decide_many`` by what was proposed; the server is asked again for those where that does not suffice."""
        return [
            self._decided(vector, rows, proposals, scheme, scope=scope, image=image, search_s=search_s)
            for vector, rows, image in zip(vectors, proposals.rows, images, strict=True)
        ]

    def decide_followed(
        self,
        vectors: F32,
        proposals: Proposals,
        scheme: VotingScheme,
        *,
        images: Sequence[ContentIds],
        expected: Sequence[str | None],
    ) -> list[Decision]:
        """``decide_proposed``, where each query with an ``expected`` label is decided without what is like it."""
        return [
            self._decided(
                vector,
                rows,
                proposals,
                scheme,
                scope=_EVERYTHING,
                image=image,
                search_s=0.0,
                alone=None if label is None else _alone(vector, image, label),
            )
            for vector, rows, image, label in zip(vectors, proposals.rows, images, expected, strict=True)
        ]

    def judge_by(self, usual: OwnMeasures) -> None:
        """Judge known and unknown, and confidence, by what was measured."""
        scheme, limits = VotingScheme.of(self.settings, level=self.settings.level), Limits.of(self.settings)
        self._decider = Decider(self._searcher, usual, touched=0, deferred=False, scheme=scheme, limits=limits)

    def close(self) -> None:
        self._searcher.close()

    def _decided(
        self,
        vector: F32,
        proposed: list[SharedRow],
        proposals: Proposals,
        scheme: VotingScheme,
        *,
        scope: Scope,
        image: ContentIds,
        search_s: float,
        alone: Queries | None = None,
    ) -> Decision:
        """``alone``: the query as one that is decided without what is like it."""
        started = time.perf_counter()
        limit, laid = proposals.limit, {**proposals.own, **self._itself(scope, proposed, proposals)}
        while True:
            candidates = self._candidates(vector, proposed, laid, limit=limit, own=scope.own, labels=proposals.labels)
            own, seen = leave_own_out(candidates.snapshot, scope)
            if alone is not None:
                own, seen = leave_copies_out(candidates.snapshot, alone)
            found, related = self._decider.retrieve(candidates.rows, vector, scheme, scope=seen, image=image)
            if candidates.cover(found):
                break
            if limit == MOST_ROWS:
                raise BadValue(_TOO_MANY)
            limit = min(2 * limit, MOST_ROWS)
            [proposed] = self._store.nearest(vector[None], limit, read=proposals.read)
        return self._decider.decided(
            candidates.snapshot,
            vector,
            scheme,
            scope=seen,
            own=own,
            found=replace(found, info=self._info),
            related=related,
            search_s=search_s + time.perf_counter() - started,
        )

    def _itself(self, scope: Scope, proposed: list[SharedRow], proposals: Proposals) -> Mapping[int, SharedRow]:
        """The row of the exemplar that is decided by all others. Raises UnknownExemplar."""
        if scope.own is None or scope.own in proposals.own or any(row.id == scope.own for row in proposed):
            return {}
        found = self._store.rows([scope.own], read="session")
        if not found:
            raise UnknownExemplar([scope.own])
        return found

    def _candidates(
        self,
        vector: F32,
        proposed: list[SharedRow],
        laid: Mapping[int, SharedRow],
        *,
        limit: int,
        own: int | None,
        labels: LabelTable | None,
    ) -> Candidates:
        labels = labels or self._own.labels_of((*proposed, *laid.values()))
        return Candidates.of(vector, proposed, labels, limit=limit, own=laid, always=own)


_TOO_MANY = (
    f"more than {MOST_ROWS:,} exemplars are as near to this query as its neighbours, "
    "and a server names no more of them: pull a sample, or strike out copies"
)


_EVERYTHING = Scope()


def _alone(vector: F32, image: ContentIds, expected: str) -> Queries:
    return queries_of(vector[None], [expected], contents=[image.content], originals=[image.original])


def _require_served(scope: Scope) -> None:
    if scope.search != "auto":
        raise BadValue("the server of a shared memory chooses how it searches: leave the kind of search out")
