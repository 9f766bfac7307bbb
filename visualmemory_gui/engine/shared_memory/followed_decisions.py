"""The decisions of fixed queries on a shared memory, made again after own edits from what the server proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.memory.classifier import ContentIds
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits, RowsSince
from visualmemory_gui.engine.shared_memory.shared_classifier import NOT_SUPPOSED, Proposals, SharedClassifier, Supposed
from visualmemory_gui.engine.shared_memory.shared_row import SharedRow
from visualmemory_gui.engine.types import F32, Decision

BATCH = 50
"""Queries that one search decides."""


class FollowedQuery(NamedTuple):
    """A query by its ``number``. ``expected``: it is decided without what is like it, and should be that; None: by all
    exemplars."""

    number: int
    image: ContentIds
    expected: str | None = None


@dataclass(slots=True)
class _Proposed:
    """What the server proposed for the queries, by their numbers, and what was written here since."""

    rows: dict[int, list[SharedRow]]
    limit: int
    since: RowsSince


class FollowedDecisions:
    """Decides queries as ``SharedClassifier`` does. After an own edit it lays the edit over what the server proposed
    before, and asks again only where that does not suffice, or others have edited. For one thread at a time."""

    def __init__(self, own: OwnEdits, classifier: SharedClassifier) -> None:
        self._own = own
        self._classifier = classifier
        self._proposed: _Proposed | None = None

    def decide(
        self,
        queries: Sequence[FollowedQuery],
        vectors: F32,
        scheme: VotingScheme,
        *,
        supposed: Supposed = NOT_SUPPOSED,
    ) -> list[Decision]:
        """The decisions of ``queries`` with ``vectors`` (n, dim), as if the memory had ``supposed``; what was proposed
        for others is dropped. Raises ServerError, BadValue."""
        proposed = self._current(scheme)
        interned = {row.id: row for rows in proposed.rows.values() for row in rows}
        found: list[Decision] = []
        for start in range(0, len(queries), BATCH):
            part = slice(start, start + BATCH)
            self._propose(queries[part], vectors[part], proposed, interned)
            rows = [proposed.rows[query.number] for query in queries[part]]
            proposals = Proposals(
                rows, proposed.limit, {**proposed.since.rows, **supposed.rows}, labels=supposed.labels
            )
            found += self._classifier.decide_followed(
                vectors[part],
                proposals,
                scheme,
                images=[query.image for query in queries[part]],
                expected=[query.expected for query in queries[part]],
            )
        for gone in proposed.rows.keys() - {query.number for query in queries}:
            del proposed.rows[gone]
        return found

    def _propose(
        self, queries: Sequence[FollowedQuery], vectors: F32, proposed: _Proposed, interned: dict[int, SharedRow]
    ) -> None:
        new = [place for place, query in enumerate(queries) if query.number not in proposed.rows]
        for place, rows in zip(new, self._classifier.propose(vectors[new], proposed.limit), strict=True):
            proposed.rows[queries[place].number] = [interned.setdefault(row.id, row) for row in rows]

    def _current(self, scheme: VotingScheme) -> _Proposed:
        """What was proposed, if it still serves; otherwise nothing yet."""
        limit, there = self._classifier.limit(scheme), self._proposed
        if there is not None and there.limit >= limit and there.since.alone and there.since.change == self._own.change:
            return there
        if there is not None:
            self._own.leave(there.since)
        self._proposed = _Proposed({}, limit, self._own.follow())
        return self._proposed
