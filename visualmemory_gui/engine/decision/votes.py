"""Voting rules of R. Geirhos et al., "Towards flexible perception with visual memory" (arXiv 2408.08172), section 3.

Sums run in rank order in float64, and the winner is the class whose running total first reached the maximum. The forms
for one query and for many add the same numbers in the same order, so they agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypedDict, TypeVar

import numpy as np

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.types import F64, I64, RULES, Rule

Label = TypeVar("Label", bound=Hashable)

NOBODY = -1  # in place of a row or of a class
EXPONENT = 1.0
TEMPERATURE = 0.07
OFFSET = 2.0


class RuleOptions(TypedDict, total=False):
    """The parameters of the rules distance, softmax and rank, where they are not the defaults."""

    exponent: float
    temperature: float
    offset: float


_FAR = 700.0  # exp(-708) is the smallest normal float64


def weights(
    rule: Rule,
    distances: F64,
    *,
    ranks: I64 | None = None,
    exponent: float = EXPONENT,
    temperature: float = TEMPERATURE,
    offset: float = OFFSET,
) -> F64:
    """The votes of neighbours, (..., k) float64, before trust and class factor.

    ``distances`` is (k,) or (q, k) in rank order; ``ranks`` counts from 0 and defaults to the position. Softmax is
    taken relative to each row's smallest finite distance, which gives the same shares and cannot overflow; a distance
    of infinity has no vote under the rules that look at distances.
    """
    if rule == "plurality":
        return np.ones(distances.shape)
    if rule == "rank":
        places = np.arange(distances.shape[-1]) if ranks is None else ranks
        return np.asarray(1.0 / (places + offset), np.float64)
    if not distances.size:
        return np.zeros(distances.shape)
    nearest = distances.min(axis=-1, keepdims=True)
    if not np.isfinite(nearest).all():
        nearest = np.where(np.isfinite(nearest), nearest, 0.0)
    if rule == "softmax":
        return _softmax(distances, nearest, temperature)
    if rule == "distance":
        return _by_distance(distances, nearest, exponent)
    raise BadValue(f"there is no voting rule {rule!r}; the rules are {', '.join(RULES)}")


def weights_of_one(rule: Rule, distances: F64) -> list[float]:
    """``weights`` of one query's few neighbours by the default parameters, to the last bit."""
    if rule == "rank":
        return [1.0 / (place + OFFSET) for place in range(len(distances))]
    found: list[float] = weights(rule, distances).tolist()
    return found


def _softmax(distances: F64, nearest: F64, temperature: float) -> F64:
    out: F64 = np.exp((nearest - distances) / temperature)
    return out


def _by_distance(distances: F64, nearest: F64, exponent: float) -> F64:
    """exp(-d)^e; rows so far away that nothing would be left of their votes are taken relative to the nearest."""
    far = np.abs(nearest * exponent) > _FAR
    if far.any():
        distances = np.where(far, distances - nearest, distances)
    out: F64 = np.exp(-distances) ** exponent
    return out


@dataclass(frozen=True, slots=True)
class Tally(Generic[Label]):
    """The outcome of a vote. ``shares`` is ordered largest first, ties by which class reached its total first.

    ``winner``, ``share`` and ``margin`` are None when no vote weighs more than 0; ``total`` is the sum of all votes.
    """

    winner: Label | None
    share: float | None
    margin: float | None
    shares: dict[Label, float]
    total: float


def tally(labels: Sequence[Label], votes: Sequence[float]) -> Tally[Label]:
    """Count ``votes`` (each >= 0, in rank order) for ``labels``."""
    totals: dict[Label, float] = {}
    total = 0.0
    for label, vote in zip(labels, votes, strict=True):
        total += vote
        reached = totals.get(label, 0.0)
        if reached + vote > reached:
            totals.pop(label, None)  # keeps the dict ordered by when each class reached its total
            totals[label] = reached + vote
    if not totals:
        return Tally(None, None, None, {}, total)
    ordered = sorted(totals.items(), key=lambda item: -item[1])
    shares = {label: reached / total for label, reached in ordered}
    share = ordered[0][1] / total
    margin = share - ordered[1][1] / total if len(ordered) > 1 else share
    return Tally(ordered[0][0], share, margin, shares, total)


@dataclass(frozen=True, slots=True)
class Running:
    """What the first 1, 2, …, k neighbours of each query decide; both arrays are (q, k).

    ``winner`` is a class code, -1 while no vote weighs more than 0. ``share`` is the winner's share, 0 where none won.
    """

    winner: I64
    share: F64


def winner_at_each_k(codes: I64, votes: F64) -> Running:
    """Decide many queries for every k at once.

    ``codes`` is (q, k) ints >= 0 and ``votes`` (q, k) float64 >= 0, in rank order. A neighbour with vote 0 takes no
    part, so lists of different lengths are padded with votes of 0.
    """
    q, k = codes.shape
    winner, reached = np.empty((k, q), np.int64), np.empty((k, q))
    for r, (leader, best) in enumerate(_running(Seated(codes), votes)):
        winner[r], reached[r] = leader, best
    total = np.cumsum(votes, axis=1)
    return Running(winner.T, np.divide(reached.T, total, out=np.zeros((q, k)), where=total > 0))


class Seated:
    """The (q, k) ``codes`` of many queries, ready to be voted on under several rules."""

    def __init__(self, codes: I64) -> None:
        self.shape = q, k = codes.shape
        self.at = np.ascontiguousarray((seats(codes) + k * np.arange(q)[:, None]).T)
        self.codes = np.ascontiguousarray(codes.T)

    def winners(self, votes: F64, ks: Sequence[int]) -> I64:
        """The winners at each of ``ks`` alone, (q, len(ks)), as ``winner_at_each_k`` tells them; k up to the width."""
        found = np.empty((len(ks), self.shape[0]), np.int64)
        for r, (leader, _) in enumerate(_running(self, votes), 1):
            for place in [place for place, k in enumerate(ks) if k == r]:
                found[place] = leader
        return found.T


def _running(seated: Seated, votes: F64) -> Iterator[tuple[I64, F64]]:
    """Leaders and their totals after each rank, (q,) each; the arrays are the same ones every time."""
    q, k = seated.shape
    cast = np.ascontiguousarray(votes.T)
    totals, best, leader = np.zeros(q * k), np.zeros(q), np.full(q, -1, np.int64)
    for r in range(k):
        new = totals.take(seated.at[r])
        new += cast[r]
        totals[seated.at[r]] = new
        leads = new > best
        np.copyto(best, new, where=leads)
        np.copyto(leader, seated.codes[r], where=leads)
        yield leader, best


def seats(codes: I64) -> I64:
    """Number the classes of each row 0, 1, …, so that running totals need (q, k) and not (q, classes)."""
    order = np.argsort(codes, axis=1, kind="stable")
    ordered = np.take_along_axis(codes, order, axis=1)
    first = np.ones(codes.shape, np.int64)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    numbered = np.empty(codes.shape, np.int64)
    np.put_along_axis(numbered, order, np.cumsum(first, axis=1) - 1, axis=1)
    return numbered
