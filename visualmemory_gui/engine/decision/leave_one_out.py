"""What a query that is itself an exemplar must not see: itself, its copies, and the group it came with.

Its own class counts one less for the class factor, wherever such a decision is made: else a class of three, of which
two can vote, would look worse than a fresh image finds it. ``own_class`` and ``without_own`` say which class that is.
So striking out an exemplar, restoring, relabelling or trusting it otherwise never moves its own decision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from visualmemory_gui.engine.decision.votes import NOBODY
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64


class Retrieved(Protocol):
    """The neighbours of one query, nearest first: rows of the snapshot and their distances."""

    @property
    def rows(self) -> I64: ...

    @property
    def distances(self) -> F64: ...


class NearestMany(Protocol):
    """The k nearest active exemplars of each query, except the rows that ``excluded_rows(i)`` names for query i.

    ``queries`` is (q, d) float32 of unit length. Fewer than k come back only where no more are there.
    """

    def __call__(
        self,
        snapshot: Snapshot,
        queries: F32,
        k: int,
        *,
        excluded_rows: Callable[[int], I64] | None,
        report: Report,
    ) -> Sequence[Retrieved]: ...


class _Alike:
    """Rows that share a 64-bit key; with ``none`` given, that key is shared by nobody."""

    def __init__(self, keys: I64, none: int | None) -> None:
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]
        self._none = none
        self._start = np.searchsorted(self._sorted, keys, "left")
        self._end = np.searchsorted(self._sorted, keys, "right")
        if none is not None:
            self._end = np.where(keys == none, self._start, self._end)

    def rows_like(self, row: int) -> I64:
        return self._order[self._start[row] : self._end[row]]

    def rows_of(self, key: int) -> I64:
        start = np.searchsorted(self._sorted, key, "left")
        end = start if key == self._none else np.searchsorted(self._sorted, key, "right")
        return self._order[start:end]


class LeftOut:
    """For each row of a snapshot, the rows that leave-one-out leaves out with it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._content = _Alike(snapshot.content, 0)
        self._group = _Alike(snapshot.group, 0)
        self._twin = _Alike(snapshot.twin, None)

    def rows(self, row: int) -> I64:
        """``row`` itself, and all rows of equal content, of an equal vector, and of its group; increasing."""
        twin, content, group = (alike.rows_like(row) for alike in (self._twin, self._content, self._group))
        if len(twin) == 1 and len(content) <= 1 and len(group) <= 1:
            return twin
        return np.unique(np.concatenate((twin, content, group)))

    def rows_for(self, *, content: int, twin: int) -> I64:
        """Rows of the same content (0: has none) or the same vector as a picture that need not be an exemplar."""
        return np.unique(np.concatenate((self._content.rows_of(content), self._twin.rows_of(twin))))

    def rows_with(self, content: int, twin: int, group: int) -> I64:
        """Rows of the same content or group (0: has none) or of the same vector; increasing."""
        found = (self._content.rows_of(content), self._twin.rows_of(twin), self._group.rows_of(group))
        return np.unique(np.concatenate(found))


def rows_alike(snapshot: Snapshot, content: int, twin: int, group: int) -> I64:
    """The same for a single query, without sorting the memory first."""
    alike = snapshot.twin == twin
    for keys, key in ((snapshot.content, content), (snapshot.group, group)):
        if key:
            alike |= keys == key
    return np.flatnonzero(alike)


def own_class(snapshot: Snapshot, rows: I64) -> I64:
    """The label codes, (q,), of which queries are themselves exemplars; ``rows`` are theirs, NOBODY where it has none.

    NOBODY too where the exemplar is not active: it is not among those that are counted.
    """
    if not len(snapshot):
        return np.full(len(rows), NOBODY, np.int64)
    at = np.maximum(rows, 0)
    there = (rows != NOBODY) & snapshot.active[at]
    return np.where(there, snapshot.label[at], NOBODY).astype(np.int64)


def without_own(snapshot: Snapshot, row: int) -> Snapshot:
    """``snapshot`` as the decision of the exemplar at ``row`` counts it: what ``own_class`` is for many queries."""
    [own] = own_class(snapshot, np.array([row], np.int64)).tolist()
    if own == NOBODY:
        return snapshot
    counts = snapshot.counts.copy()
    counts[own] -= 1
    return replace(snapshot, counts=counts)


@dataclass(frozen=True, slots=True)
class Copies:
    """Pairs of a query and a row of equal content or vector, (n,) each: images from elsewhere that were taught too."""

    queries: I64
    rows: I64

    @classmethod
    def find(cls, snapshot: Snapshot, content: I64, twin: I64, *, first: int = 0) -> Copies:
        """Those of the rows from ``first`` on; ``content`` (0: has none) and ``twin`` are the queries' hashes, (q,)."""
        near = np.isin(snapshot.content[first:], content[content != 0]) | np.isin(snapshot.twin[first:], twin)
        rows = first + np.flatnonzero(near)
        same = (content[:, None] == snapshot.content[rows]) & (content != 0)[:, None]
        queries, at = np.nonzero(same | (twin[:, None] == snapshot.twin[rows]))
        return cls(queries, rows[at])

    def joined(self, more: Copies) -> Copies:
        return Copies(np.concatenate([self.queries, more.queries]), np.concatenate([self.rows, more.rows]))

    def own_rows(self, snapshot: Snapshot, expected: Sequence[str]) -> I64:
        """The exemplar that each query itself is, (q,) rows; NOBODY where none of its copies is active.

        The oldest of those with the query's ``expected`` label; without one, the oldest.
        """
        found = np.full(len(expected), NOBODY, np.int64)
        pairs = [
            (snapshot.labels[snapshot.label[row]] != expected[query], row, query)
            for query, row in zip(self.queries.tolist(), self.rows.tolist(), strict=True)
            if snapshot.active[row]
        ]
        for _, row, query in sorted(pairs, reverse=True):  # the last that is noted comes first
            found[query] = row
        return found
