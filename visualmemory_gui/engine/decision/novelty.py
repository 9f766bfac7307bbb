"""Known or unknown: does a query look like what this memory knows?

There are two tests, each with a quantile of its own, over the same sample of the memory's own exemplars, each decided
by the others:

* *unlike anything here*: the mean distance to the first m neighbours of other content, m the largest of 1, 3, 10 not
  above the winner's active exemplars, is above the 0.99 quantile of that figure;
* *between classes*: under a joint rule the winner's total, which no trust above 1 and no class factor multiplied and
  which is not divided by the sum of all, is below the 0.05 quantile (1 - 0.95) of that figure.

A query is unknown if either says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.decision.leave_one_out import Related, others_counted
from visualmemory_gui.engine.decision.levels import codes_by_level
from visualmemory_gui.engine.decision.sample import ExemplarVotes
from visualmemory_gui.engine.decision.votes import ABSENT, winners_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.text.visible_text import NO_ANSWER
from visualmemory_gui.engine.types import F64, I64, Bools, Decision, MemorySettings, Novelty, UnknownReason

DEPTHS = (1, 3, 10)
FEWEST = 50
"""Different exemplars under which nothing is said."""
KNOWN, UNKNOWN, UNTOLD = 1, 0, -1
CODES: Mapping[bool | None, int] = {True: KNOWN, False: UNKNOWN, None: UNTOLD}
"""The code of what a decision says of known or unknown."""
_UNMEASURED: F64 = np.full(max(DEPTHS) + 1, np.nan)
_DIGITS = 7  # to which a figure is kept


class Limits(NamedTuple):
    """The quantiles of the memory's own figures beyond which a query is unknown; None: that test is off."""

    unlike: float | None = 0.99
    between: float | None = 0.95

    @classmethod
    def of(cls, settings: MemorySettings) -> Limits:
        """Those of a memory's settings."""
        return cls(
            settings.unlike_quantile if settings.unlike else None,
            settings.between_quantile if settings.between else None,
        )


@dataclass(frozen=True)
class Thresholds:
    """Beyond what a query is unknown.

    ``distances`` maps m to the largest usual mean distance, ``totals`` a level to the smallest usual total of its
    winner, where decisions are made by ``scheme`` at any level. What could not be measured, or is off, is missing.
    ``different`` is the number of different active exemplars.
    """

    distances: Mapping[int, float]
    different: int
    totals: Mapping[int, float] = field(default_factory=dict)
    scheme: VotingScheme | None = None
    limits: Limits = field(default_factory=Limits)

    def least(self, scheme: VotingScheme) -> float | None:
        """The smallest usual total of the winners that ``scheme`` finds; None where that is not known."""
        same = self.scheme is not None and scheme.weighs_as(self.scheme)
        return self.totals.get(scheme.level) if same else None

    @cached_property
    def by_depth(self) -> F64:
        """The largest usual mean distance at each m from 0 on, NaN where it is not known."""
        found = _UNMEASURED.copy()
        for m, most in self.distances.items():
            found[m] = most
        return found


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """What ``measure`` found of the memory's own exemplars, increasing: ``distances`` by m, and ``totals`` by level.

    ``different`` active exemplars were there, ``sampled`` of them were decided by the others, by ``scheme``.
    """

    distances: Mapping[int, tuple[float, ...]]
    totals: Mapping[int, tuple[float, ...]]
    scheme: VotingScheme | None
    different: int
    sampled: int
    change: int

    def thresholds(self, limits: Limits) -> Thresholds:
        """The quantiles at ``limits``."""
        far = {} if limits.unlike is None else _quantiles(self.distances, limits.unlike)
        low = {} if limits.between is None else _quantiles(self.totals, 1.0 - limits.between)
        return Thresholds(far, self.different, low, self.scheme, limits)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {
            "distances": {str(m): figures for m, figures in self.distances.items()},
            "totals": {str(level): figures for level, figures in self.totals.items()},
            "scheme": None if self.scheme is None else self.scheme.to_dict(),
            "different": self.different,
            "sampled": self.sampled,
            "change": self.change,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> OwnFigures:
        """Read back what ``to_dict`` wrote, or what earlier versions did: the 0.99 quantiles of the distances alone."""
        if "values" in data:
            data = {**data, "distances": {m: [value] for m, value in data["values"].items()}}
        scheme = data.get("scheme")
        return cls(
            _figures(data["distances"]),
            _figures(data.get("totals", {})),
            None if scheme is None else VotingScheme.from_dict(scheme),
            int(data["different"]),
            int(data["sampled"]),
            int(data["change"]),
        )


def measure(votes: ExemplarVotes) -> OwnFigures:
    """The figures of the sampled exemplars; none under 50 different ones."""
    snapshot, scheme = votes.snapshot, votes.scheme
    different = different_exemplars(snapshot)
    if different < FEWEST:
        return OwnFigures({}, {}, scheme, different, 0, snapshot.change)
    first = votes.distances[:, : max(DEPTHS)]
    running = np.cumsum(np.where(np.isfinite(first), first, 0.0), axis=1)
    found = np.isfinite(first)
    far = {m: running[found[:, m - 1], m - 1] / m for m in DEPTHS if first.shape[1] >= m and found[:, m - 1].any()}
    low = {}
    for level, at in codes_by_level(snapshot.labels).items() if scheme.joint else ():
        codes = at[votes.codes]
        winner, _ = winners_of(codes, votes.votes, tie=scheme.tie)
        low[level] = total_of(codes, votes.alone, winner)[winner != ABSENT]
    return OwnFigures(_increasing(far), _increasing(low), scheme, different, len(votes), snapshot.change)


def total_of(codes: I64, alone: F64, which: I64) -> F64:
    """What the votes for the class ``which`` of each query come to, (q,); ``codes`` and ``alone`` are (q, k)."""
    return _sums(np.where(codes == which[:, None], alone, 0.0))[:, -1]


def different_exemplars(snapshot: Snapshot) -> int:
    """How many active exemplars differ from each other in content and in vector."""
    twin, content = snapshot.twin[snapshot.active], snapshot.content[snapshot.active]
    images = content != 0
    by_content = len(np.unique(content[images])) + len(np.unique(twin[~images]))
    return min(by_content, len(np.unique(twin)))


class Judged(NamedTuple):
    """What is said of one query. ``known`` is KNOWN, UNKNOWN, or UNTOLD where it cannot be told.

    ``statistic`` is the mean distance to the ``m`` nearest, NaN where m is 0, and ``most`` its threshold; ``total`` is
    the winner's, ``least`` its threshold. A threshold is NaN where there is none. ``equal``: the query is an exemplar.
    ``there`` are the different exemplars it could have been compared with.
    """

    known: int
    m: int
    statistic: float
    most: float
    total: float
    least: float
    equal: bool
    there: int


class JudgedMany(NamedTuple):
    """The same of many queries, (q,) each; ``least`` is that of all, and ``there`` may be."""

    known: npt.NDArray[np.int8]
    m: I64
    statistic: F64
    most: F64
    total: F64
    least: float
    equal: Bools
    there: I64 | int

    @property
    def unlike(self) -> Bools:
        return np.asarray(self.statistic > self.most)

    @property
    def between(self) -> Bools:
        return np.asarray(self.total < self.least)


def judge(
    snapshot: Snapshot,
    rows: I64,
    distances: F64,
    scheme: VotingScheme,
    *,
    winner: int,
    total: float,
    thresholds: Thresholds | None,
    related: Related,
    own: int | None = None,
) -> Judged:
    """``judge_many`` of one query: its ``rows`` and ``distances`` are (w,), ``related`` (1, w).

    It adds the same numbers in the same order. As plain numbers, of which there are few, since every small operation on
    arrays costs as much as all of this, and after a search more.
    """
    deepest, equal = max(DEPTHS), False
    nearest = distances[: deepest if related.alike is None else None].tolist()
    if related.alike is not None and related.equal is not None:
        alike = related.alike[0].tolist()
        others = [place for place, one in enumerate(alike) if not one][:deepest]
        last = others[-1] if len(others) == deepest else len(alike)
        equal = any(related.equal[0, :last].tolist())
        nearest = [nearest[place] for place in others]
    m, statistic = 0, math.nan
    if winner != ABSENT:
        m = _DEEPEST[min(len(nearest), deepest, max(int(snapshot.counts[winner]) - (winner == own), 0))]
        statistic = _mean(nearest[:m])
    most = math.nan if thresholds is None else thresholds.distances.get(m, math.nan)
    least = _least(thresholds, scheme)
    there = _different_ones(snapshot, thresholds, own)
    got = math.nan if winner == ABSENT else total
    known = _outcome(statistic, most, got, least, equal=equal, silent=winner == ABSENT or there < FEWEST)
    return Judged(known, m, statistic, most, got, least, equal, there)


def judge_many(
    snapshot: Snapshot,
    rows: I64,
    distances: F64,
    scheme: VotingScheme,
    *,
    winner: I64,
    total: F64,
    thresholds: Thresholds | None,
    related: Related,
    own: I64 | None = None,
) -> JudgedMany:
    """Whether queries are known, and why.

    ``rows`` and ``distances`` (q, w) are their neighbours, nearest first, ABSENT at the end of shorter lists: at least
    10 of other content where the memory has them, else a smaller m is used. ``winner`` (q,) are the codes of the full
    labels that won, ABSENT where none did, ``total`` (q,) what the winner at the scheme's level got (``total_of``).
    ``related`` says which are not of other content: a query equal to an exemplar is known if fewer than 10 of other
    content are nearer, so that it does not depend on how many were retrieved. ``own`` is for ``others_counted``.
    """
    won = winner != ABSENT
    first, counted, equal = _others_first(rows, distances, related)
    m = _M.take(np.minimum(counted, _exemplars_of(snapshot, winner, own)) * won, mode="clip")
    statistic = _sums(first)[np.arange(len(rows)), m - 1] / np.where(m, m, np.nan)
    most = (_UNMEASURED if thresholds is None else thresholds.by_depth)[m]
    least = _least(thresholds, scheme)
    there = _different_ones(snapshot, thresholds, own)
    got = np.where(won, total, np.nan)
    known = _outcome(statistic, most, got, least, equal=equal, silent=~won | (there < FEWEST))
    return JudgedMany(known.astype(np.int8), m, statistic, most, got, least, equal, there)


@overload
def _outcome(statistic: float, most: float, total: float, least: float, *, equal: bool, silent: bool) -> int: ...
@overload
def _outcome(statistic: F64, most: F64, total: F64, least: float, *, equal: Bools, silent: Bools) -> I64: ...
def _outcome(statistic: Any, most: Any, total: Any, least: float, *, equal: Any, silent: Any) -> Any:
    """KNOWN, UNKNOWN or UNTOLD, of one query or of many; ``silent``: there is nothing to judge."""
    beyond = (statistic > most) | (total < least)
    untold = silent | (((most == most) | (least == least) | beyond | equal) ^ True)  # NaN is not equal to itself
    return (1 - untold) * (KNOWN - beyond * (equal ^ True)) + untold * UNTOLD


def _others_first(rows: I64, distances: F64, related: Related) -> tuple[F64, I64, Bools]:
    """Of each query the distances of its first ten neighbours of other content, (q, up to 10), how many of these there
    are, and whether an exemplar before the last of them is equal to it, (q,) each."""
    deepest = max(DEPTHS)
    first, counted = distances[:, :deepest], (rows[:, :deepest] != ABSENT).sum(axis=1)
    equal = np.zeros(len(rows), np.bool_)
    if related.alike is None or related.equal is None:
        return first, counted, equal
    lines = np.flatnonzero(related.alike.any(axis=1))
    alike, taken = related.alike[lines], rows[lines] != ABSENT
    order = np.argsort(alike, axis=1, kind="stable")[:, :deepest]
    first = first.copy()
    first[lines] = np.take_along_axis(distances[lines], order, axis=1)
    others = (taken & ~alike).cumsum(axis=1)
    counted[lines] = np.minimum(others[:, -1], deepest)
    equal[lines] = (related.equal[lines] & taken & (others < deepest)).any(axis=1)
    return first, counted, equal


def _sums(first: F64) -> F64:
    """The sum of the first 1, 2, … of each line, added in rank order, as votes are; (q, at least 1)."""
    return np.asarray(first.cumsum(axis=1) if first.shape[1] else np.zeros((len(first), 1)), np.float64)


def _mean(values: list[float]) -> float:
    """The mean; NaN of nothing. Not by sum(): it compensates, and ``_sums`` does not."""
    total = 0.0
    for value in values:
        total += value
    return total / len(values) if values else math.nan


_DEEPEST = tuple(max((m for m in DEPTHS if m <= deep), default=0) for deep in range(max(DEPTHS) + 1))
"""The m for so many exemplars."""
_M: I64 = np.array(_DEEPEST)


def _least(thresholds: Thresholds | None, scheme: VotingScheme) -> float:
    """The smallest usual total; NaN where it is not known."""
    found = None if thresholds is None else thresholds.least(scheme)
    return math.nan if found is None else found


@overload
def _different_ones(snapshot: Snapshot, thresholds: Thresholds | None, own: int | None) -> int: ...
@overload
def _different_ones(snapshot: Snapshot, thresholds: Thresholds | None, own: I64 | None) -> I64 | int: ...
def _different_ones(snapshot: Snapshot, thresholds: Thresholds | None, own: I64 | int | None) -> I64 | int:
    different = snapshot.active_count if thresholds is None else thresholds.different
    if own is None or isinstance(own, int):
        return min(snapshot.active_count - (own is not None and own != ABSENT), different)
    others: I64 = np.minimum(snapshot.active_count - (own != ABSENT), different)
    return others


def _exemplars_of(snapshot: Snapshot, winner: I64, own: I64 | None) -> I64:
    return others_counted(snapshot, winner[:, None], own)[:, 0] if len(snapshot.counts) else np.zeros_like(winner)


def headline(decision: Decision) -> str:
    """ "Unknown. Nearest: tiger", or what it is between; the winner where it is not unknown."""
    if decision.label is None or decision.known is not False:
        return decision.label or ""
    runner_up = list(decision.shares)[1:2]
    if decision.novelty is not None and decision.novelty.because == ("between",) and runner_up:
        return f"Unknown, between {decision.label} and {runner_up[0]}"
    return f"Unknown. Nearest: {decision.label}"


def in_words(judged: Judged, thresholds: Thresholds | None, label: str | None) -> Novelty:
    """Why a query is known, unknown or neither; ``label`` is its winner's."""
    if judged.known == UNTOLD:
        if judged.there < FEWEST:
            return Novelty(None, None, 0, f"too few to tell: {judged.there} different exemplars, {FEWEST} are needed")
        if label is None:
            return Novelty(None, None, 0, NO_ANSWER)
    m = judged.m
    statistic, most, least = _or_none(judged.statistic), _or_none(judged.most), _or_none(judged.least)
    total = None if least is None else _or_none(judged.total)
    if judged.equal:
        return Novelty(statistic, most, m, "this image is an exemplar of the memory", total, least)
    if most is None and least is None:
        return Novelty(statistic, most, m, _silence(thresholds))
    tests: list[tuple[UnknownReason, bool, str]] = []
    if most is not None and statistic is not None:
        tests.append(("unlike", statistic > most, _far(m, statistic, most, _percent(thresholds, "unlike"))))
    if least is not None and total is not None and label is not None:
        tests.append(("between", total < least, _low(label, total, least, _percent(thresholds, "between"))))
    because = tuple([name for name, beyond, _ in tests if beyond])
    said = [f"{NAMES[name]}: {text}" for name, beyond, text in tests if beyond] or [text for *_, text in tests]
    return Novelty(statistic, most, m, "; ".join(said), total, least, because)


NAMES: Mapping[UnknownReason, str] = {"unlike": "unlike anything here", "between": "between classes"}
"""The reasons to be unknown, in words."""


def _silence(thresholds: Thresholds | None) -> str:
    if thresholds is not None and thresholds.limits == (None, None):
        return "whether images are known is not tested: both tests are off in the settings"
    return "what is usual in this memory has not been measured yet"


def _or_none(value: float) -> float | None:
    """None for NaN."""
    return value if value == value else None


def _percent(thresholds: Thresholds | None, reason: UnknownReason) -> str:
    limit = None if thresholds is None else getattr(thresholds.limits, reason)
    return "" if limit is None else f"{100 * limit:g} %"


def _far(m: int, statistic: float, most: float, percent: str) -> str:
    nearest = "distance to the nearest exemplar" if m == 1 else f"mean distance to the {m} nearest exemplars"
    where = "above" if statistic > most else "within"
    return (
        f"{nearest} is {statistic:.3f}, {where} the {most:.3f} that holds for {percent} of the memory's own exemplars"
    )


def _low(label: str, total: float, least: float, percent: str) -> str:
    where = "below" if total < least else "not below"
    return (
        f"the votes for {label} come to {total:.3f}, {where} the {least:.3f} that the winners reach for {percent} of "
        "the memory's own exemplars"
    )


def _quantiles(figures: Mapping[int, tuple[float, ...]], quantile: float) -> dict[int, float]:
    return {key: float(np.quantile(values, quantile)) for key, values in figures.items() if values}


def _increasing(figures: Mapping[int, F64]) -> dict[int, tuple[float, ...]]:
    return {key: tuple(np.sort(np.round(values, _DIGITS)).tolist()) for key, values in figures.items()}


def _figures(data: Mapping[str, Any]) -> dict[int, tuple[float, ...]]:
    return {int(key): tuple(float(value) for value in values) for key, values in data.items()}
