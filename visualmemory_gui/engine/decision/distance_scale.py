"""What a distance means in this memory: which part of its same-class pairs lies farther apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, alike
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64

PAIRS = 2000
FEWEST = 20  # pairs; fewer say nothing about what is usual
STALE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Closeness:
    """``distances`` of a sample of same-class pairs, increasing, (n,) float64; ``change`` is the memory's at that time.

    With fewer than ``FEWEST`` pairs it holds none and cannot tell.
    """

    distances: F64
    change: int

    def share_farther(self, distance: float) -> float | None:
        """The part of same-class pairs that are farther apart than ``distance``, 0 to 1; None when it cannot tell."""
        if not len(self.distances):
            return None
        return 1.0 - float(np.searchsorted(self.distances, distance, side="right")) / len(self.distances)

    def stale(self, snapshot: Snapshot) -> bool:
        """Whether more than 5 % of the rows changed since it was measured."""
        changed = int(np.count_nonzero(snapshot.row_change > self.change))
        return changed > STALE_SHARE * len(snapshot)


def measure(snapshot: Snapshot, *, seed: int = 0, pairs: int = PAIRS) -> Closeness:
    """Distances of at most ``pairs`` pairs of active exemplars of one full label and different content.

    Every such pair has the same chance to be drawn; the same snapshot and seed draw the same ones.
    """
    first, second = _draw(snapshot, np.random.default_rng(seed), pairs)
    other = ~alike(
        snapshot, first, ContentKeys(snapshot.content[second], snapshot.twin[second], image=snapshot.image[second])
    )
    first, second = first[other], second[other]
    if len(first) < FEWEST:
        return Closeness(np.empty(0), snapshot.change)
    one, two = (snapshot.vectors_of(rows).astype(np.float64) for rows in (first, second))
    cosine = np.einsum("ij,ij->i", one, two)
    return Closeness(np.sort(np.clip(1.0 - cosine, 0.0, 2.0)), snapshot.change)


def _draw(snapshot: Snapshot, generator: np.random.Generator, pairs: int) -> tuple[I64, I64]:
    """Rows of pairs: a class with the chance of its number of pairs, then two different ones of it.

    All pairs where there are no more than ``pairs``.
    """
    rows = np.flatnonzero(snapshot.active)
    rows = rows[np.argsort(snapshot.label[rows], kind="stable")]
    size = np.bincount(snapshot.label[rows], minlength=len(snapshot.labels)).astype(np.int64)
    start, of_class = np.cumsum(size) - size, size * (size - 1) // 2
    total = int(of_class.sum())
    if total <= pairs:
        both = [start[c] + np.stack(np.triu_indices(size[c], 1)) for c in np.flatnonzero(of_class)]
        chosen = np.concatenate(both, axis=1) if both else np.empty((2, 0), np.int64)
        return rows[chosen[0]], rows[chosen[1]]
    codes = np.searchsorted(np.cumsum(of_class), generator.integers(total, size=pairs), side="right")
    one = generator.integers(size[codes])
    two = (one + 1 + generator.integers(size[codes] - 1)) % size[codes]
    return rows[start[codes] + one], rows[start[codes] + two]
