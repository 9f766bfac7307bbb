"""Known or unknown: is a query farther from its neighbours than the memory's own exemplars are from theirs?

The statistic is the mean distance to the first m neighbours of other content, m the largest of 1, 3, 10 not above the
winner's active exemplars. A query is unknown above the 0.99 quantile of that figure over the memory's own exemplars.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, LeftOut, NearestMany, alike
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Novelty

DEPTHS = (1, 3, 10)
QUANTILE = 0.99
SAMPLE = 2000
AT_ONCE = 4096  # hashes: a million of them as objects are a hundred megabytes
FEWEST = 50


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What ``measure`` found. ``values`` maps m to its threshold; an m that could not be measured is missing.

    ``different`` is the number of different active exemplars, ``sampled`` how many of them were asked, ``change`` the
    memory's change number at that time.
    """

    values: Mapping[int, float]
    different: int
    sampled: int
    seed: int
    change: int

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {
            "values": {str(m): value for m, value in self.values.items()},
            "different": self.different,
            "sampled": self.sampled,
            "seed": self.seed,
            "change": self.change,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Thresholds:
        """Read back what ``to_dict`` wrote."""
        values = {int(m): float(value) for m, value in data["values"].items()}
        return cls(values, int(data["different"]), int(data["sampled"]), int(data["seed"]), int(data["change"]))


def measure(snapshot: Snapshot, nearest_many: NearestMany, *, seed: int = 0, report: Report = silent) -> Thresholds:
    """Measure the thresholds of a memory by leave-one-out over a sample of its active exemplars."""
    different = different_exemplars(snapshot)
    if different < FEWEST:
        return Thresholds({}, different, 0, seed, snapshot.change)
    rows = sample(snapshot, seed=seed)
    found = nearest_many(
        snapshot,
        snapshot.vectors[rows],
        max(DEPTHS),
        excluded_rows=LeftOut(snapshot, ContentKeys.of(snapshot, rows)),
        report=report,
    )
    values = {}
    for m in DEPTHS:
        figures = [float(f.distances[:m].mean()) for f in found if len(f.distances) >= m]
        if figures:
            values[m] = float(np.quantile(figures, QUANTILE))
    return Thresholds(values, different, len(rows), seed, snapshot.change)


def different_exemplars(snapshot: Snapshot) -> int:
    """How many active exemplars differ from each other in content and in vector."""
    twin, content = snapshot.twin[snapshot.active], snapshot.content[snapshot.active]
    images = content != 0
    by_content = len(np.unique(content[images])) + len(np.unique(twin[~images]))
    return min(by_content, len(np.unique(twin)))


def sample(snapshot: Snapshot, *, seed: int = 0, size: int = SAMPLE) -> I64:
    """Rows of the ``size`` active exemplars with the smallest sha256(content id + seed), so that a memory that forgot
    an exemplar draws what one that never saw it would draw.

    Content id here is the snapshot's 64-bit one (the first 8 bytes of the content's sha256); an exemplar without
    content is drawn by its vector's hash. Ties go to the smaller id.
    """
    return Sampling(seed=seed, size=size).rows(snapshot)


class Sampling:
    """``sample`` of a memory again and again while it is edited: what was drawn for a row is kept.

    For one memory as long as nothing is forgotten, so that every row stays where it is.
    """

    def __init__(self, *, seed: int = 0, size: int = SAMPLE) -> None:
        self._salt, self._size = str(seed).encode(), size
        self._drawn = np.empty(0, np.uint64)

    def rows(self, snapshot: Snapshot) -> I64:
        """The rows of the sample, increasing."""
        rows = np.flatnonzero(snapshot.active)
        if len(rows) <= self._size:
            return rows
        self._draw(snapshot)
        drawn = self._drawn[rows]
        last = np.partition(drawn, self._size - 1)[self._size - 1]
        tied = np.flatnonzero(drawn == last)[: self._size - np.count_nonzero(drawn < last)]
        return np.sort(np.concatenate([rows[drawn < last], rows[tied]]))

    def _draw(self, snapshot: Snapshot) -> None:
        """Draw for the rows that came since."""
        new = slice(len(self._drawn), len(snapshot))
        keys = np.where(snapshot.content[new] != 0, snapshot.content[new], snapshot.twin[new])
        parts = [self._drawn]
        for start in range(0, len(keys), AT_ONCE):
            raw = keys[start : start + AT_ONCE].astype("<i8").tobytes()
            digests = [hashlib.sha256(raw[i : i + 8] + self._salt).digest()[:8] for i in range(0, len(raw), 8)]
            parts.append(np.frombuffer(b"".join(digests), ">u8").astype(np.uint64))
        self._drawn = np.concatenate(parts)


def judge(
    snapshot: Snapshot,
    rows: I64,
    distances: F64,
    *,
    of_winner: int | None,
    thresholds: Thresholds | None,
    content: int = 0,
    twin: int = 0,
    own: I64 | None = None,
) -> tuple[bool | None, Novelty]:
    """Whether a query is known, and why.

    ``rows`` and ``distances`` are its neighbours, nearest first: at least 10 of other content where the memory has
    them, else a smaller m is used. ``of_winner`` counts the exemplars of the winning label, None without a winner.
    ``content`` and ``twin`` are the query's own 64-bit hashes, 0 where it has none; a query equal to a retrieved
    exemplar is known. ``own`` is the class of which the query is itself an exemplar that is left out, if it is.
    """
    there = snapshot.active_count - (own is not None and int(own) != ABSENT)
    there = there if thresholds is None else min(there, thresholds.different)
    if there < FEWEST:
        return None, Novelty(None, None, 0, f"too few to tell: {there} different exemplars, {FEWEST} are needed")
    if of_winner is None or not len(rows):
        return None, Novelty(None, None, 0, "nothing to compare with")
    equal = alike(snapshot, rows, ContentKeys.one(content, twin)) if content or twin else np.zeros(len(rows), bool)
    other = ~equal
    m, statistic = _statistic(distances[other], of_winner)
    threshold = None if thresholds is None else thresholds.values.get(m)
    if not other.all():
        return True, Novelty(statistic, threshold, m, "this image is an exemplar of the memory")
    if statistic is None or threshold is None:
        return None, Novelty(statistic, None, m, "what is usual in this memory has not been measured yet")
    known = statistic <= threshold
    return known, Novelty(statistic, threshold, m, _reason(m, statistic, threshold, known=known))


def _statistic(distances: F64, of_winner: int) -> tuple[int, float | None]:
    m = max((m for m in DEPTHS if m <= min(of_winner, len(distances))), default=0)
    return m, sum(distances[:m].tolist()) / m if m else None


def _reason(m: int, statistic: float, threshold: float, *, known: bool) -> str:
    nearest = "distance to the nearest exemplar" if m == 1 else f"mean distance to the {m} nearest exemplars"
    where = "within" if known else "above"
    return (
        f"{nearest} is {statistic:.3f}, {where} the {threshold:.3f} that holds for 99 % of the memory's own exemplars"
    )
