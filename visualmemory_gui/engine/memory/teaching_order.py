"""In which order to teach the images of a queue: first those that stand for many others and are decided least surely.

Greedily the image x with the largest gain (1 - share of x) x sum over the queue of max(0, K(p, x) - best K(p, taught)),
K as in the ridge vote: an image that is close to many others teaches about all of them, but less about those that are
close to one that was taught. Gains only fall, so that most need not be computed again for each place in the order.
"""

from __future__ import annotations

import heapq

import numpy as np

from visualmemory_gui.engine.decision.ridge import GAMMA, similarity
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import F32, F64, I64, Bools

SAMPLE = 2000
"""Above so many images the sum over the queue is one over a sample of it, drawn with a seed; a smaller one where more
than ``PAIRS`` would be compared, but not below ``FEWEST``."""

PAIRS = 8_000_000
FEWEST = 500

ONE_BY_ONE = 100
"""So many places of the order are found one by one; the others follow by their gain beside these."""

BLOCK = 512


class TeachingOrder:
    """The images ``ids``, (n,), of a queue and how similar they are to each other, or to a sample: at most 32 MB up to
    16,000 images.

    ``vectors`` are theirs, (n, dim) float32 of unit length, ``gamma`` is that of the ridge vote. Raises Cancelled.
    """

    def __init__(self, ids: I64, vectors: F32, *, gamma: float = GAMMA, report: Report = silent) -> None:
        n = len(ids)
        self.ids, self.gamma = ids, gamma
        size = min(n, SAMPLE, max(FEWEST, PAIRS // max(n, 1)))
        sample = np.random.default_rng(0).choice(n, size, replace=False) if size < n else np.arange(n)
        against = vectors[sample].T
        self._similar: F32 = np.empty((n, size), np.float32)
        for start in range(0, n, BLOCK):
            report(start, n, "comparing images")
            block = slice(start, start + BLOCK)
            self._similar[block] = similarity(np.clip(1.0 - vectors[block] @ against, 0.0, 2.0), gamma=gamma)
        report(n, n, "comparing images")

    def fits(self, ids: I64, gamma: float) -> bool:
        """Whether these are still the images that were compared, and by this ``gamma``."""
        return gamma == self.gamma and np.array_equal(ids, self.ids)

    def order(self, shares: F64, taught: Bools) -> I64:
        """The places of the images, (n,), in the order to teach them; those that are ``taught``, (n,), come last.

        ``shares`` (n,) are those of the winners, NaN where there is nothing to compare with.
        """
        left, done = np.flatnonzero(~taught), np.flatnonzero(taught)
        unsure = 1.0 - np.nan_to_num(shares)
        best = self._similar[done].max(axis=0, initial=0.0)
        gains = self._gains(left, best, unsure)
        first: list[int] = []
        waiting = [(-gain, place) for gain, place in zip(gains.tolist(), left.tolist(), strict=True)]
        heapq.heapify(waiting)
        current = set(left.tolist())  # the places whose gain is that beside all that come before
        while waiting and len(first) < ONE_BY_ONE:
            place = waiting[0][1]
            if place in current:
                heapq.heappop(waiting)
                first.append(place)
                np.maximum(best, self._similar[place], out=best)
                current.clear()
            else:
                gain = float(self._gains(np.array([place]), best, unsure)[0])
                heapq.heapreplace(waiting, (-gain, place))
                current.add(place)
        rest = np.sort(np.array([place for _, place in waiting], np.int64))
        rest = rest[np.argsort(-self._gains(rest, best, unsure), kind="stable")]
        return np.concatenate([np.array(first, np.int64), rest, done])

    def _gains(self, places: I64, best: F32, unsure: F64) -> F64:
        """What teaching each of ``places`` would add where ``best`` are the largest similarities so far, (sample,)."""
        gains = np.empty(len(places))
        for start in range(0, len(places), BLOCK):
            more = self._similar[places[start : start + BLOCK]] - best
            np.maximum(more, 0.0, out=more)
            gains[start : start + BLOCK] = more.sum(axis=1)
        return gains * unsure[places]
