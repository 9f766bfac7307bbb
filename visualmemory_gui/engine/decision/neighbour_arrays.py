"""The neighbours of one query, or of many, as the arrays that votes are weighed from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from visualmemory_gui.engine.decision.blas_threads import one_blas_thread
from visualmemory_gui.engine.decision.class_factor import ENOUGH, usual_size_of
from visualmemory_gui.engine.decision.equal_vectors import Hides, ordinals, voices_of
from visualmemory_gui.engine.decision.leave_one_out import others_counted
from visualmemory_gui.engine.decision.solved_weights import Solutions
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools

Compare = Callable[[I64], F64]
"""The cosines of the exemplars at places (…, k), which mean what the caller wants, with each other: (…, k, k)."""


_NO_TWINS: I64 = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class StoredVectors:
    """Compares the exemplars of rows, by their vectors as they are stored."""

    snapshot: Snapshot

    def __call__(self, rows: I64) -> F64:
        if rows.ndim == 1:
            one: F64 = self(rows[None])[0]
            return one
        k, dim = rows.shape[1], self.snapshot.vectors_of(np.zeros(1, np.int64)).shape[1]
        narrow, wide = np.empty((k, dim), np.float32), np.empty((k, dim))
        gram = np.empty((*rows.shape, k))
        with one_blas_thread():
            for line, of_query in zip(gram, rows, strict=True):  # in memory that stays in the cache
                np.copyto(wide, self.snapshot.vectors_of(of_query, narrow))
                np.matmul(wide, wide.T, out=line)
        return np.clip(gram, -1.0, 1.0, out=gram)


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
    with each other; only otherwise are there ``twins``, which are equal where the vectors are, and ``different`` is set
    where none are. A place may stand for several exemplars of one vector and label (``equal_vectors``): ``trust`` is
    then the sum of theirs, and ``voices`` that of min(1, trust), which otherwise is that of the place's own.
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
    solved: Solutions | None = None
    voices: F64 | None = None
    different: bool = False

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
        return cls(
            distances,
            trust,
            codes,
            others_counted(snapshot, codes, own),
            usual_size_of(snapshot),
            twins=snapshot.twin[rows],
            places=rows,
            compare=StoredVectors(snapshot),
        )

    @classmethod
    def of_vectors(
        cls, snapshot: Snapshot, rows: I64, distances: F64, *, hides: Hides | None, own: I64 | None = None
    ) -> NeighbourArrays:
        """Of many queries, all exemplars of the vectors whose first ones are ``rows`` (q, k): one place for each vector
        and label, which can be more than k. ``hides`` says what a query must not see."""
        if not len(snapshot.twin_groups):
            return cls.of(snapshot, rows, distances, own=own)
        found = voices_of(snapshot, rows, distances, hides)
        near = cls.of(snapshot, found.rows, found.distances, own=own)
        return replace(near, trust=found.trust, voices=found.voice)

    @classmethod
    def plain(cls, distances: F64, *, trust: F64 | None = None, ranks: I64 | None = None) -> NeighbourArrays:
        """Neighbours of which no more is known: they are of one class, which is large enough to have no factor."""
        codes, counts = np.zeros(distances.shape, np.int64), np.full(distances.shape, ENOUGH)
        return cls(distances, np.ones(distances.shape) if trust is None else trust, codes, counts, np.zeros(()), ranks)

    def first(self, k: int) -> NeighbourArrays:
        """The first ``k`` alone, for which a rule may weigh otherwise than among more."""
        return self._at(np.s_[..., :k], np.s_[..., :k, :k])

    def first_vectors(self, k: int) -> NeighbourArrays:
        """Those of the first ``k`` different vectors alone, of many queries."""
        if not self.copies or not self.compared:
            return self.first(k)
        number = np.stack([ordinals(line) for line in self.twins]) if len(self.twins) else self.twins
        width = int((number < k).sum(axis=1).max(initial=0))
        if width == 0 or (number[:, :width] < k).all():
            return self.first(width)
        near = self.first(int(np.flatnonzero((number < k).any(axis=0))[-1]) + 1)
        out = number[:, : near.distances.shape[1]] >= k
        kept = replace(
            near,
            distances=np.where(out, np.inf, near.distances),
            trust=np.where(out, 0.0, near.trust),
            voices=None if near.voices is None else np.where(out, 0.0, near.voices),
        )
        if "cosines" in near.__dict__:
            kept.__dict__["cosines"] = near.cosines
        return kept

    @cached_property
    def vectors(self) -> tuple[NeighbourArrays, I64 | None]:
        """Of many queries, one place for each different vector, in order, with the sum of its voices; and for each
        neighbour the place of its vector, (q, k), None where that is its own."""
        if not self.copies:
            return self, None
        there, places = self.there & (self.trust > 0.0), np.arange(self.distances.shape[1])
        order = np.lexsort((self.twins, ~there), axis=-1)  # equal ones stay in the order of their places
        ordered, speaks = np.take_along_axis(self.twins, order, axis=1), np.take_along_axis(there, order, axis=1)
        begins = np.ones(order.shape, bool)
        begins[:, 1:] = (ordered[:, 1:] != ordered[:, :-1]) | ~speaks[:, 1:]
        if begins.all():
            return replace(self, different=True), None
        start = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
        first = np.empty_like(order)
        np.put_along_axis(first, order, np.take_along_axis(order, start, axis=1), axis=1)
        queries = np.arange(len(first))[:, None]
        together = np.zeros(first.shape)
        np.add.at(together, (queries, first), self.heard)
        leads = (first == places) & there
        by_place = np.argsort(~leads, axis=1, kind="stable")
        kept = by_place[:, : int(leads.sum(axis=1).max(initial=1))]
        taken = np.take_along_axis(leads, kept, axis=1)
        voices = np.where(taken, together[queries, kept], 0.0)
        different = NeighbourArrays(
            np.where(taken, self.distances[queries, kept], np.inf),
            voices,
            self.codes[queries, kept],
            self.counts[queries, kept],
            self.usual,
            twins=self.twins[queries, kept],
            places=None if self.places is None else self.places[queries, kept],
            compare=self.compare,
            solved=self.solved,
            voices=voices,
            different=True,
        )
        if "cosines" in self.__dict__:
            compared = queries[..., None], kept[:, :, None], kept[:, None, :]
            different.__dict__["cosines"] = self.cosines[compared]
        at = np.take_along_axis(np.argsort(by_place, axis=1), first, axis=1)
        return different, np.minimum(at, kept.shape[1] - 1)  # a place that is not taken may read any

    def parts(self, size: int) -> Iterator[NeighbourArrays]:
        """Those of many queries, so many queries at a time."""
        if len(self.distances) <= size:
            yield self
            return
        for start in range(0, len(self.distances), size):
            yield self._at(np.s_[start : start + size])

    @cached_property
    def many(self) -> NeighbourArrays:
        """Those of one query as those of many, of which there is one."""
        return self._at(np.s_[None])

    def remembering(self, solved: Solutions) -> NeighbourArrays:
        """The same, of queries of which ``solved`` knows what a joint rule finds."""
        return replace(self, solved=solved)

    def part(self, which: I64 | slice) -> NeighbourArrays:
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
            voices=None if self.voices is None else self.voices[which],
            different=self.different,
        )
        if "cosines" in self.__dict__:
            part.__dict__["cosines"] = self.cosines[which if compared is None else compared]
        return part

    @property
    def heard(self) -> F64:
        """What solving sees of trust: no more than 1 of each exemplar."""
        return np.minimum(self.trust, 1.0) if self.voices is None else self.voices

    @property
    def copies(self) -> bool:
        """Whether any vectors of a query may be equal."""
        stored = self.compare
        return not self.different and not (isinstance(stored, StoredVectors) and not len(stored.snapshot.twin_groups))

    @property
    def compared(self) -> bool:
        """Whether the neighbours of a query can be compared with each other."""
        return self.compare is not None and self.places is not None

    @cached_property
    def cosines(self) -> F64:
        """The cosine of each neighbour of a query and each other, (…, k, k); anything where a place is not taken."""
        assert self.compare is not None and self.places is not None
        return self.compare(self.places)

    @property
    def there(self) -> Bools:
        """Which places a neighbour takes."""
        return np.isfinite(self.distances)
