"""The counts and rules of pruning: the same for a memory and for published neighbour lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.types import F64, I64

MOST = 0.02
"""The largest fraction of the exemplars that is struck out."""
SOFT, SOFT_M = 1.75, 10
LEAST_M, MOST_M = 5, 100


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """How often each exemplar, by row, was a wrong or a right neighbour of the queries of each part: (parts, n)."""

    wrong: I64
    right: I64

    def without(self, part: int) -> Neighbourhood:
        """Summed over all parts but one, (n,)."""
        return Neighbourhood(self.wrong.sum(axis=0) - self.wrong[part], self.right.sum(axis=0) - self.right[part])

    @property
    def whole(self) -> Neighbourhood:
        """Summed over all parts, (n,)."""
        return Neighbourhood(self.wrong.sum(axis=0), self.right.sum(axis=0))


def usual_m(class_sizes: I64) -> int:
    """Among how many first neighbours to count: a quarter of the median class that is not empty, 5 to 100."""
    sizes = class_sizes[class_sizes > 0]
    return int(min(MOST_M, max(LEAST_M, np.median(sizes) // 4))) if len(sizes) else LEAST_M


def least_count(scores: I64, most: int) -> int:
    """The smallest n >= 1 such that at most ``most`` of ``scores`` are n or more."""
    if len(scores) <= most:
        return 1
    return max(1, int(np.sort(scores)[len(scores) - most - 1]) + 1)


def soft_trust(wrong: I64) -> F64:
    """The trust of each exemplar by how often it was a wrong neighbour among the first ``SOFT_M``; 1 where never."""
    return np.where(wrong >= 1, SOFT / (1.0 + wrong), 1.0)
