"""The neighbours of one query, or of many, as the arrays that votes are weighed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from visualmemory_gui.engine.decision.class_factor import ENOUGH, class_factor
from visualmemory_gui.engine.decision.leave_one_out import others_counted
from visualmemory_gui.engine.decision.votes import NOBODY
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools


@dataclass(frozen=True, eq=False)
class NeighbourArrays:
    """Neighbours in rank order: each array is (k,) for one query, (q, k) for many.

    ``codes`` are of full labels; ``counts`` are the active exemplars of each one's label, as the query counts them.
    ``ranks`` count from 0, None where they are the places. A place that no neighbour takes has a distance of infinity
    and a trust of 0, so that it has no vote.
    """

    distances: F64
    trust: F64
    codes: I64
    counts: I64
    ranks: I64 | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, rows: I64, distances: F64, *, own: I64 | None = None) -> NeighbourArrays:
        """The ``rows`` of active exemplars; of many queries, whose lists differ in length, NOBODY fills the ends.

        ``own`` is for ``others_counted``.
        """
        if not len(snapshot):
            return cls.plain(np.full(rows.shape, np.inf), trust=np.zeros(rows.shape))
        codes, trust = snapshot.label[rows].astype(np.int64), snapshot.trust[rows]  # NOBODY reads the last row
        if rows.ndim > 1:
            there = rows != NOBODY
            distances, trust = np.where(there, distances, np.inf), np.where(there, trust, 0.0)
        return cls(distances, trust, codes, others_counted(snapshot, codes, own))

    @classmethod
    def plain(cls, distances: F64, *, trust: F64 | None = None, ranks: I64 | None = None) -> NeighbourArrays:
        """Neighbours of which no more is known: they are of one class, which is large enough to have no factor."""
        codes, counts = np.zeros(distances.shape, np.int64), np.full(distances.shape, ENOUGH)
        return cls(distances, np.ones(distances.shape) if trust is None else trust, codes, counts, ranks)

    def first(self, k: int) -> NeighbourArrays:
        """The first ``k`` alone, for which a rule may weigh otherwise than among more."""
        first = np.s_[..., :k]
        ranks = None if self.ranks is None else self.ranks[first]
        return NeighbourArrays(self.distances[first], self.trust[first], self.codes[first], self.counts[first], ranks)

    @property
    def there(self) -> Bools:
        """Which places a neighbour takes."""
        return np.isfinite(self.distances)

    @cached_property
    def class_factors(self) -> F64:
        return class_factor(self.counts)

    @cached_property
    def factored_trust(self) -> F64:
        """Trust times class factor."""
        return self.trust * self.class_factors
