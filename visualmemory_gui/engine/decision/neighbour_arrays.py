"""The neighbours of one query, or of many, as the arrays that votes are weighed from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from visualmemory_gui.engine.decision.blas_threads import one_blas_thread
from visualmemory_gui.engine.decision.class_factor import ENOUGH, usual_size_of
from visualmemory_gui.engine.decision.leave_one_out import others_counted
from visualmemory_gui.engine.decision.solved_weights import SolvedWeights
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools

Compare = Callable[[I64], F64]
"""The cosines of the exemplars at places (…, k), which mean what the caller wants, with each other: (…, k, k)."""


AT_ONCE = 64
"""Queries whose neighbours are compared at a time: that takes k x dim x 8 bytes each."""

_NO_TWINS: I64 = np.empty(0, np.int64)


def comparing(snapshot: Snapshot) -> Compare:
    """Compares the exemplars of rows, by their vectors as they are stored."""

    def compare(rows: I64) -> F64:
        wide = snapshot.vectors[rows].astype(np.float64)
        return cosines(wide)

    return compare


def cosines(vectors: F64) -> F64:
    """Of each of ``vectors``, (…, k, dim) of unit length, with each other: (…, k, k), clipped to [-1, 1]."""
    with one_blas_thread():
        gram: F64 = vectors @ np.swapaxes(vectors, -1, -2)
    return np.clip(gram, -1.0, 1.0, out=gram)


@dataclass(frozen=True, eq=False)
class NeighbourArrays:
    """Neighbours in rank order: each array is (k,) for one query, (q, k) for many.

    ``codes`` are of full labels; ``counts`` are the active exemplars of each one's label, as the query counts them;
    ``usual`` is the ``usual_size`` of a class, () where it is the same for all queries, else (q, 1).
    ``ranks`` count from 0, None where they are the places. A place that no neighbour takes has a distance of infinity
    and a trust of 0, so that it has no vote. ``places`` are for ``compare``, None where neighbours cannot be compared
    with each other; only then are there ``twins``, which are equal where the vectors are.
    """

    distances: F64
    trust: F64
    codes: I64
    counts: I64
    usual: F64
    ranks: I64 | None = None
    twins: I64 = field(default_factory=lambda: _NO_TWINS)
    places: I64 | None = None
    compare: Compare | None = None
    solved: SolvedWeights | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, rows: I64, distances: F64, *, own: I64 | None = None) -> NeighbourArrays:
        """The ``rows`` of active exemplars; of many queries, whose lists differ in length, ABSENT fills the ends.

        ``own`` is for ``others_counted``.
        """
        if not len(snapshot):
            return cls.plain(np.full(rows.shape, np.inf), trust=np.zeros(rows.shape))
        codes, trust = snapshot.label[rows].astype(np.int64), snapshot.trust[rows]  # ABSENT reads the last row
        if rows.ndim > 1:
            there = rows != ABSENT
            distances, trust = np.where(there, distances, np.inf), np.where(there, trust, 0.0)
        counts, usual = others_counted(snapshot, codes, own), usual_size_of(snapshot)
        twins, compare = snapshot.twin[rows], comparing(snapshot)
        return cls(distances, trust, codes, counts, usual, twins=twins, places=rows, compare=compare)

    @classmethod
    def plain(cls, distances: F64, *, trust: F64 | None = None, ranks: I64 | None = None) -> NeighbourArrays:
        """Neighbours of which no more is known: they are of one class, which is large enough to have no factor."""
        codes, counts = np.zeros(distances.shape, np.int64), np.full(distances.shape, ENOUGH)
        return cls(distances, np.ones(distances.shape) if trust is None else trust, codes, counts, np.zeros(()), ranks)

    def first(self, k: int) -> NeighbourArrays:
        """The first ``k`` alone, for which a rule may weigh otherwise than among more."""
        return self._at(np.s_[..., :k], np.s_[..., :k, :k])

    def parts(self, size: int) -> Iterator[NeighbourArrays]:
        """Those of many queries, so many queries at a time."""
        if len(self.distances) <= size:
            yield self
            return
        for start in range(0, len(self.distances), size):
            yield self._at(np.s_[start : start + size])

    def as_many(self) -> NeighbourArrays:
        """Those of one query as those of many, of which there is one."""
        return self._at(np.s_[None])

    def remembering(self, solved: SolvedWeights) -> NeighbourArrays:
        """The same, of queries of which ``solved`` holds what a joint rule found before."""
        return replace(self, solved=solved)

    def part(self, which: I64) -> NeighbourArrays:
        """Those of these queries."""
        return self._at(which)

    def _at(self, which: Any, compared: Any = None) -> NeighbourArrays:
        """A part; of the cosines, if they are there, ``compared``, which is ``which`` unless given."""
        ranks, places = (None if one is None else one[which] for one in (self.ranks, self.places))
        part = NeighbourArrays(
            self.distances[which],
            self.trust[which],
            self.codes[which],
            self.counts[which],
            self.usual[which] if self.usual.ndim else self.usual,
            ranks=ranks,
            twins=self.twins[which] if self.compared else _NO_TWINS,
            places=places,
            compare=self.compare,
        )
        if "cosines" in self.__dict__:
            part.__dict__["cosines"] = self.cosines[which if compared is None else compared]
        return part

    @property
    def compared(self) -> bool:
        """Whether the neighbours of a query can be compared with each other."""
        return self.compare is not None and self.places is not None

    @cached_property
    def cosines(self) -> F64:
        """The cosine of each neighbour of a query and each other, (…, k, k); anything where a place is not taken."""
        assert self.compare is not None and self.places is not None
        if self.places.ndim == 1 or len(self.places) <= AT_ONCE:
            return self.compare(self.places)
        found = np.empty((*self.places.shape, self.places.shape[-1]))
        for start in range(0, len(found), AT_ONCE):
            found[start : start + AT_ONCE] = self.compare(self.places[start : start + AT_ONCE])
        return found

    @property
    def there(self) -> Bools:
        """Which places a neighbour takes."""
        return np.isfinite(self.distances)
