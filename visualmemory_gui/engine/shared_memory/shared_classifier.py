"""Deciding on a shared memory: the server proposes, the same functions as in a folder order, vote and judge."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from visualmemory_gui.engine.decision.novelty import Limits
from visualmemory_gui.engine.decision.own_measures import OwnMeasures
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.index.search import Searcher
from visualmemory_gui.engine.memory.classifier import FIRST_M, ContentIds, Decider, Scope
from visualmemory_gui.engine.shared_memory.candidates import Candidates
from visualmemory_gui.engine.shared_memory.own_edits import Laid, OwnEdits
from visualmemory_gui.engine.shared_memory.server import MOST_ROWS
from visualmemory_gui.engine.shared_memory.shared_row import SharedRow
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.types import F32, Decision, MemorySettings, SearchInfo

MARGIN = 10
"""Rows asked for beyond those that are needed: the farthest of them must be farther than the last neighbour."""


class SharedClassifier:
    """Decides queries by one search each, or by one for many; asks for more only where the first do not suffice."""

    def __init__(self, store: SharedStore, own: OwnEdits, usual: OwnMeasures, settings: MemorySettings) -> None:
        self._store = store
        self._own = own
        self._settings = settings
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
        limit = min(max(scheme.k, FIRST_M) + 1 + MARGIN + len(scope.exclude), MOST_ROWS)
        laid = self._own.laid()
        found = self._store.nearest(vectors, limit, read=laid.read)
        search_s = (time.perf_counter() - started) / max(len(vectors), 1)
        return [
            self._decided(vector, rows, laid, scheme, scope=scope, image=image, limit=limit, search_s=search_s)
            for vector, rows, image in zip(vectors, found, images, strict=True)
        ]

    def judge_by(self, usual: OwnMeasures) -> None:
        """Judge known and unknown, and confidence, by what was measured."""
        scheme, limits = VotingScheme.of(self._settings, level=self._settings.level), Limits.of(self._settings)
        self._decider = Decider(self._searcher, usual, touched=0, deferred=False, scheme=scheme, limits=limits)

    def close(self) -> None:
        self._searcher.close()

    def _decided(
        self,
        vector: F32,
        proposed: list[SharedRow],
        laid: Laid,
        scheme: VotingScheme,
        *,
        scope: Scope,
        image: ContentIds,
        limit: int,
        search_s: float,
    ) -> Decision:
        started = time.perf_counter()
        while True:
            candidates = self._candidates(vector, proposed, laid, limit)
            found, related = self._decider.retrieve(candidates.rows, vector, scheme, scope=scope, image=image)
            if candidates.cover(found):
                break
            if limit == MOST_ROWS:
                raise BadValue(_TOO_MANY)
            limit = min(2 * limit, MOST_ROWS)
            [proposed] = self._store.nearest(vector[None], limit, read=laid.read)
        return self._decider.decided(
            candidates.snapshot,
            vector,
            scheme,
            scope=scope,
            own=None,
            found=replace(found, info=self._info),
            related=related,
            search_s=search_s + time.perf_counter() - started,
        )

    def _candidates(self, vector: F32, proposed: list[SharedRow], laid: Laid, limit: int) -> Candidates:
        labels = self._own.labels_of((*proposed, *laid.rows.values()))
        return Candidates.of(vector, proposed, labels, limit=limit, own=laid.rows)


_TOO_MANY = (
    f"more than {MOST_ROWS:,} exemplars are as near to this query as its neighbours, "
    "and a server names no more of them: pull a sample, or strike out copies"
)


def _require_served(scope: Scope) -> None:
    if scope.search != "auto":
        raise BadValue("the server of a shared memory chooses how it searches: leave the kind of search out")
    if scope.own is not None:
        raise BadValue("a shared memory does not leave an exemplar out of its own decision: pull a sample to a folder")
