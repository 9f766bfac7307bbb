"""How the error falls as the memory grows, and which curve fits it: the paper's, or a power law."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import NearestMany
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.query_set import QuerySet, winners
from visualmemory_gui.engine.experiments.subsampling import hold_out
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64

SEEDS = 5
SIZES = 8
HELD_OUT = 0.2
MOST_QUERIES = 2000
FEWEST_PER_CLASS = 1
LN_10 = math.log(10.0)


@dataclass(frozen=True, slots=True)
class Point:
    """The mean ``error`` of the fixed queries over the seeds, and its standard deviation, at ``size`` exemplars."""

    size: int
    error: float
    spread: float


@dataclass(frozen=True, slots=True)
class Fit:
    """``a`` and ``b`` of log(error) = a x + b, natural logarithm; ``rmse`` is in log error."""

    a: float
    b: float
    rmse: float

    def in_log10(self) -> Fit:
        """The same curve in logarithms to base 10 on both sides, of the error in percent."""
        return Fit(self.a, self.b / LN_10 + 2.0, self.rmse / LN_10)


@dataclass(frozen=True, slots=True)
class Scaling:
    """``log_log`` has x = log10 n's natural logarithm (the paper's form), ``power`` x = log n. None under two points
    with an error above 0. ``log10``: both are in logarithms to base 10, of the error in percent (``Fit.in_log10``)."""

    points: tuple[Point, ...]
    log_log: Fit | None
    power: Fit | None
    queries: int
    voting: VotingScheme
    seeds: int
    log10: bool = False

    def in_log10(self) -> Scaling:
        """The same with its curves as the paper's notebook gives them."""
        log_log, power = (None if one is None else one.in_log10() for one in (self.log_log, self.power))
        return replace(self, log_log=log_log, power=power, log10=True)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {**asdict(self), "voting": self.voting.to_dict()}


def scale(
    snapshot: Snapshot,
    scheme: VotingScheme,
    *,
    sizes: Sequence[int] | None = None,
    seeds: int = SEEDS,
    search: NearestMany = nearest_exact,
    report: Report = silent,
) -> Scaling:
    """Decide the same held-out fifth of the exemplars (at most 2,000) by growing stratified subsets of the rest.

    Every class keeps at least one exemplar, so that the memory grows, not the list of classes. ``search`` is exact;
    ``Searcher.exact_many`` is one on the memory's device. Raises BadValue when there is too little to grow.
    """
    rest, out = hold_out(snapshot, HELD_OUT, seed=0)
    known = np.isin(snapshot.label[out], snapshot.label[rest])
    rows = out[known]
    if len(rows) > MOST_QUERIES:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_QUERIES, replace=False))
    wanted = _sizes(snapshot, rest) if sizes is None else tuple(n for n in sizes if n <= len(rest))
    if not len(rows) or len(wanted) < 2:
        raise BadValue("too few exemplars to see how the error falls: a few in each class are needed")
    queries = QuerySet.exemplars(snapshot, rows)
    points = []
    for done, size in enumerate(wanted):
        errors = []
        for seed in range(seeds if size < len(rest) else 1):
            report(done * seeds + seed, len(wanted) * seeds, "asking memories of growing size")
            memory = snapshot.changed(active=snapshot.among(stratified(snapshot, rest, size, seed=seed)))
            won = winners(queries.neighbours(memory, search, scheme.k, different=scheme.joint), scheme)
            errors.append(float((won != queries.truth).mean()))
        points.append(Point(size, float(np.mean(errors)), float(np.std(errors))))
    report(len(wanted) * seeds, len(wanted) * seeds)
    return Scaling(
        tuple(points),
        paper_curve(points),
        fit(points, np.log),
        len(queries),
        scheme,
        seeds,
    )


def stratified(snapshot: Snapshot, rows: I64, size: int, *, seed: int) -> I64:
    """About ``size`` of ``rows``, of each class in proportion and at least one; nested for one seed; increasing."""
    rng = np.random.default_rng(seed)
    share = size / len(rows)
    codes = snapshot.label[rows]
    taken = []
    for code in np.unique(codes):
        own = rng.permutation(rows[codes == code])
        taken.append(own[: max(FEWEST_PER_CLASS, round(share * len(own)))])
    return np.sort(np.concatenate(taken))


def fit(points: Sequence[Point], of: Callable[[F64], F64]) -> Fit | None:
    """Least squares of log error over ``of(n)``, where the error is above 0 and ``of`` is finite."""
    kept = [p for p in points if p.error > 0 and p.size > 1]
    if len(kept) < 2:
        return None
    x = of(np.array([p.size for p in kept], np.float64))
    y = np.log([p.error for p in kept])
    a, b = np.polyfit(x, y, 1)
    return Fit(float(a), float(b), float(np.sqrt(np.mean((a * x + b - y) ** 2))))


def paper_curve(points: Sequence[Point]) -> Fit | None:
    """The curve of the paper, log error = a log(log10 n) + b."""
    return fit(points, lambda n: np.log(np.log10(n)))


def _sizes(snapshot: Snapshot, rows: I64) -> tuple[int, ...]:
    """Sizes that grow by equal factors, from two per class to all."""
    least = max(10, 2 * len(np.unique(snapshot.label[rows])))
    if least >= len(rows):
        return (len(rows),)
    return tuple(dict.fromkeys(np.geomspace(least, len(rows), SIZES).round().astype(int).tolist()))
