"""What a query that is itself an exemplar must not see: itself, its copies, the group it came with, and its image.

Of one image, the whole and its parts never vote for each other there.

Its own class counts one less for the class factor, wherever such a decision is made: else a class of three, of which
two can vote, would look worse than a fresh image finds it. ``own_class`` says which class that is, ``others_counted``
counts. So striking out an exemplar, restoring, relabelling or trusting it otherwise never moves its own decision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64, Bools

FEW = 64  # queries for which sorting the whole memory is not worth while
_NO_ROWS: I64 = np.empty(0, np.int64)
_NONE: I64 = np.array(0)


class Retrieved(Protocol):
    """The neighbours of one query, nearest first: rows of the snapshot and their distances."""

    @property
    def rows(self) -> I64: ...

    @property
    def distances(self) -> F64: ...


class NearestMany(Protocol):
    """The k nearest active exemplars of each query, except the rows that ``excluded_rows(i)`` names for query i.

    ``queries`` is (q, d) float32 of unit length. Fewer than k come back only where no more are there. ``different``:
    the k nearest vectors, of each the first row that a query may see (``equal_vectors``).
    """

    def __call__(
        self,
        snapshot: Snapshot,
        queries: F32,
        k: int,
        *,
        excluded_rows: Callable[[int], I64] | None,
        report: Report,
        different: bool = False,
    ) -> Sequence[Retrieved]: ...


class ContentKeys(NamedTuple):
    """What tells that images are the same or belong together: their 64-bit hashes, 0 where they have none.

    ``content`` is that of the pixels, ``twin`` of the vector, ``group`` of the name of what they came with, ``image``
    of the pixels of the whole image, of which they may be a part.
    """

    content: I64
    twin: I64
    group: I64 = _NONE
    image: I64 = _NONE

    @classmethod
    def of(cls, snapshot: Snapshot, rows: I64) -> ContentKeys:
        return cls(snapshot.content[rows], snapshot.twin[rows], snapshot.group[rows], snapshot.image[rows])

    @classmethod
    def one(cls, content: int, twin: int, image: int) -> ContentKeys:
        """Those of a single image that came alone."""
        return cls(np.array(content), np.array(twin), _NONE, np.array(image))


def alike(snapshot: Snapshot, rows: I64 | slice, keys: ContentKeys) -> Bools:
    """Whether exemplars are of the same content, vector, group or whole image as images: ``rows`` against ``keys``,
    which broadcast.

    The one place that says what a query must not see of the memory, and what is not "of other content" than it.
    """
    same = _equal_ones(snapshot, rows, keys)
    return same | _same_hash(snapshot.image[rows], keys.image) if np.count_nonzero(keys.image) else same


@dataclass(frozen=True, slots=True)
class Related:
    """Which of the neighbours of queries, (q, w), are not of other content than the query; None where none of any is.

    ``equal`` ones are of the same content, vector or group. ``alike`` are these too, and what is of the same whole
    image: of one image, a part is not equal to the whole, nor to another part.
    """

    equal: Bools | None = None
    alike: Bools | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, rows: I64, keys: ContentKeys) -> Related:
        """Of the neighbours ``rows`` (q, w), where ABSENT reads any; ``keys`` are the queries', (q,) or () each."""
        if not len(snapshot) or not any(map(np.count_nonzero, keys)):
            return UNRELATED
        each = ContentKeys(*(key[..., None] for key in keys))
        equal = alike = _equal_ones(snapshot, rows, each)
        if np.count_nonzero(keys.image):
            alike = equal | _same_hash(snapshot.image[rows], each.image)
        return cls(equal, alike) if alike.any() else UNRELATED

    @property
    def count(self) -> int:
        """How many pairs of a query and a neighbour are alike."""
        return 0 if self.alike is None else int(np.count_nonzero(self.alike))


UNRELATED = Related()
"""Nothing is known of the queries, or none is in the memory."""


def _equal_ones(snapshot: Snapshot, rows: I64 | slice, keys: ContentKeys) -> Bools:
    """``alike``, but for what is of one image without being equal."""
    same: Bools = snapshot.twin[rows] == keys.twin
    for column, key in ((snapshot.content, keys.content), (snapshot.group, keys.group)):
        if np.count_nonzero(key):
            same = same | _same_hash(column[rows], key)
    return same


def _same_hash(values: I64, key: I64) -> Bools:
    """Whether hashes are equal to ``key``; 0 is equal to none."""
    same: Bools = (values == key) & (key != 0)
    return same


def rows_alike(snapshot: Snapshot, keys: ContentKeys) -> I64:
    """The rows that are like one image, increasing."""
    return np.flatnonzero(alike(snapshot, slice(None), keys))


class LeftOut:
    """The rows that each of q queries must not see, those like its ``keys``, (q,): ``excluded_rows`` of a search."""

    def __init__(self, snapshot: Snapshot, keys: ContentKeys) -> None:
        self._snapshot, self._keys = snapshot, keys

    @cached_property
    def _equal(self) -> list[_Equal]:
        columns = self._snapshot.content, self._snapshot.twin, self._snapshot.group, self._snapshot.image
        pairs = zip(columns, self._keys, strict=True)
        return [_Equal(*pair) for pair in pairs if pair[1].any()] if len(self._keys.twin) > FEW else []

    def hides(self, queries: I64, rows: I64) -> Bools:
        """Whether each of ``queries`` (n,) must not see the row beside it in ``rows`` (n,)."""
        return alike(self._snapshot, rows, ContentKeys(*(key[queries] for key in self._keys)))

    def __call__(self, query: int) -> I64:
        """The rows of one query, increasing."""
        if not self._equal:
            return rows_alike(self._snapshot, ContentKeys(*(key[query] for key in self._keys)))
        first, *others = [rows for equal in self._equal if len(rows := equal.rows(query))] or [_NO_ROWS]
        if len(first) == 1 and all(len(rows) == 1 and rows[0] == first[0] for rows in others):
            return first
        return np.unique(np.concatenate([first, *others]))


class _Equal:
    """The places of each wanted key in a column, (n,), that was sorted once; a key of 0 is nowhere."""

    def __init__(self, column: I64, wanted: I64) -> None:
        self._order = np.argsort(column, kind="stable")
        ordered = column[self._order]
        self._start = ordered.searchsorted(wanted, "left")
        self._end = np.where(wanted == 0, self._start, ordered.searchsorted(wanted, "right"))

    def rows(self, query: int) -> I64:
        return self._order[self._start[query] : self._end[query]]


def own_class(snapshot: Snapshot, rows: I64) -> I64:
    """The label codes, (q,), of which queries are themselves exemplars; ``rows`` are theirs, ABSENT where it has none.

    ABSENT too where the exemplar is not active: it is not among those that are counted.
    """
    if not len(snapshot):
        return np.full(len(rows), ABSENT, np.int64)
    at = np.maximum(rows, 0)
    there = (rows != ABSENT) & snapshot.active[at]
    return np.where(there, snapshot.label[at], ABSENT).astype(np.int64)


def others_counted(snapshot: Snapshot, codes: I64, own: I64 | None) -> I64:
    """How many active exemplars the labels ``codes`` have, (k,) or (q, k), as queries count them.

    ``own``, () or (q,), is the class of which each query is itself an exemplar that is left out, ABSENT where it is
    none (``own_class``): for it that class has one less. None: no query is one.
    """
    counts = snapshot.counts[codes]
    return counts if own is None else counts - (codes == own[..., None])


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
        queries, at = np.nonzero(alike(snapshot, rows, ContentKeys(content[:, None], twin[:, None])))
        return cls(queries, rows[at])

    def joined(self, more: Copies) -> Copies:
        return Copies(np.concatenate([self.queries, more.queries]), np.concatenate([self.rows, more.rows]))

    def own_rows(self, snapshot: Snapshot, expected: Sequence[str]) -> I64:
        """The exemplar that each query itself is, (q,) rows; ABSENT where none of its copies is active.

        The oldest of those with the query's ``expected`` label; without one, the oldest.
        """
        found = np.full(len(expected), ABSENT, np.int64)
        pairs = [
            (snapshot.labels[snapshot.label[row]] != expected[query], row, query)
            for query, row in zip(self.queries.tolist(), self.rows.tolist(), strict=True)
            if snapshot.active[row]
        ]
        for _, row, query in sorted(pairs, reverse=True):  # the last that is noted comes first
            found[query] = row
        return found
