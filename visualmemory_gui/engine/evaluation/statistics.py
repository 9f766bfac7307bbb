"""Honest gains: splits that share no group, and intervals that separate a gain from chance.

Counts, values and thresholds come from one part, accuracy from another. Both sides of a comparison decide the same
queries, and a difference whose bootstrap interval holds 0 is reported as none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.types import F64, I64, Bools

RESAMPLES = 2000
LEVEL = 0.95
FEWEST_CHANGED = 6
"""If five answers all change for the better, a coin does as well in 1 of 16 cases: that is no finding."""

_DRAWN_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class Gain:
    """The mean of after minus before over the same queries, a fraction, with its 95 % interval."""

    mean: float
    low: float
    high: float
    measurable: bool

    @property
    def helps(self) -> bool:
        """Whether the gain is positive and not chance."""
        return self.measurable and self.mean > 0

    @property
    def words(self) -> str:
        """ "1.3 points better (0.4 to 2.2)" or "no measurable change (-0.2 to +0.9 points)"."""
        low, high = 100 * self.low, 100 * self.high
        if not self.measurable:
            return f"no measurable change ({_signed(low)} to {_signed(high)} points)"
        way, (least, most) = ("better", (low, high)) if self.mean > 0 else ("worse", (-high, -low))
        return f"{abs(100 * self.mean):.1f} points {way} ({least:.1f} to {most:.1f})"

    def to_json(self) -> dict[str, object]:
        """All of it, as JSON values."""
        return {**asdict(self), "helps": self.helps, "words": self.words}


def split(labels: I64, groups: I64, parts: Sequence[float], *, seed: int = 0) -> I64:
    """The part of each of n rows, (n,) int: 0 … len(parts) - 1, as large as ``parts`` says (positive, in any unit).

    ``labels`` are class codes and ``groups`` 64-bit keys, 0 for a row that is in none; rows of one group go to one
    part. Each label is divided in proportion, and remainders are balanced over the labels that follow,
    so that classes of one exemplar do not all land in the same part. The same arguments give the same parts.
    """
    if not parts or min(parts) <= 0:
        raise BadValue("the parts of a split must be positive numbers")
    rng = np.random.default_rng(seed)
    unit, first = _units(groups)
    sizes, names = np.bincount(unit, minlength=len(first)), labels[first]
    order = rng.permutation(len(first))
    order = order[np.argsort(rng.permutation(int(names.max(initial=0)) + 1)[names[order]], kind="stable")]
    part_of = np.zeros(len(first), np.int64)
    owed = [0.0] * len(parts)
    starts = np.flatnonzero(np.diff(names[order], prepend=-1))
    for units in np.split(order, starts[1:]) if len(order) else ():
        total = int(sizes[units].sum())
        owed = [debt + total * part / sum(parts) for debt, part in zip(owed, parts, strict=True)]
        for one, size in zip(units.tolist(), sizes[units].tolist(), strict=True):
            neediest = max(range(len(parts)), key=owed.__getitem__)
            owed[neediest] -= size
            part_of[one] = neediest
    return part_of[unit]


def together(*keys: I64) -> I64:
    """Group keys, (n,) int64 above 0, so that rows which share any of the ``keys`` other than 0 share a group.

    For a split that separates neither groups nor equal contents nor equal vectors.
    """
    group = np.arange(len(keys[0]), dtype=np.int64)
    linked = [np.unique(key, return_inverse=True)[1] for key in keys]
    while True:
        before = group
        for key, place in zip(keys, linked, strict=True):
            least = np.full(int(place.max(initial=0)) + 1, len(group), np.int64)
            np.minimum.at(least, place, group)
            group = np.where(key != 0, least[place], group)
        if np.array_equal(before, group):
            return group + 1


def paired_gain(
    before_right: Bools | F64, after_right: Bools | F64, *, seed: int = 0, groups: I64 | None = None
) -> Gain:
    """What changed from ``before_right`` to ``after_right``, (n,) each: whether, or how far, n queries are right.

    The interval is that of a bootstrap over queries, 2,000 samples; with ``groups`` (keys as for ``split``) over whole
    groups, whose queries are not independent. Without queries the gain is 0 and not measurable.
    """
    if len(before_right) != len(after_right):
        raise BadValue("a gain compares the same queries; these differ in number")
    change: F64 = after_right.astype(np.float64) - before_right.astype(np.float64)
    if not len(change):
        return Gain(0.0, 0.0, 0.0, measurable=False)
    unit, first = _units(np.zeros(len(change), np.int64) if groups is None else groups)
    sums, sizes = np.zeros(len(first)), np.bincount(unit, minlength=len(first))
    np.add.at(sums, unit, change)
    low, high = _interval(sums, sizes, np.random.default_rng(seed))
    changed = int(np.count_nonzero(sums))
    return Gain(float(change.mean()), low, high, measurable=changed >= FEWEST_CHANGED and not low <= 0.0 <= high)


def interval_of_share(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share of which ``count`` were seen among ``of`` > 0 drawn at random, by E. B. Wilson,
    "Probable inference, the law of succession, and statistical inference" (JASA 22, 1927)."""
    z, share = NormalDist().inv_cdf((1 + LEVEL) / 2), count / of
    middle, room = share + z * z / (2 * of), z * sqrt(share * (1 - share) / of + (z / (2 * of)) ** 2)
    whole = 1 + z * z / of
    return max((middle - room) / whole, 0.0), min((middle + room) / whole, 1.0)


def _interval(sums: F64, sizes: npt.NDArray[np.int64], rng: np.random.Generator) -> tuple[float, float]:
    """Equal units are drawn together: the count of each kind in a sample is multinomial."""
    kinds, counts = np.unique(np.stack([sums, sizes.astype(np.float64)], axis=1), axis=0, return_counts=True)
    means, size = np.empty(RESAMPLES), max(1, _DRAWN_AT_ONCE // len(kinds))
    for start in range(0, RESAMPLES, size):
        part = means[start : start + size]
        drawn = rng.multinomial(len(sums), counts / len(sums), size=len(part))
        part[:] = (drawn @ kinds[:, 0]) / (drawn @ kinds[:, 1])
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _units(groups: I64) -> tuple[I64, I64]:
    """The unit of each row, numbered by first row, and the first row of each: a group, or a row that is in none."""
    rows = np.arange(len(groups), dtype=np.int64)
    keys, at = np.unique(groups, return_inverse=True)
    first_of = np.full(len(keys), len(groups), np.int64)
    np.minimum.at(first_of, at, rows)
    leader = np.where(groups == 0, rows, first_of[at])
    first, unit = np.unique(leader, return_inverse=True)
    return unit.astype(np.int64), first


def _signed(points: float) -> str:
    return "0.0" if round(points, 1) == 0 else f"{points:+.1f}"
