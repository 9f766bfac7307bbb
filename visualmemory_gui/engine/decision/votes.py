"""Counting votes: of one query into shares, of many into winners.

Sums run in rank order in float64, and the winner is the class whose running total first reached the maximum. The forms
for one query and for many add the same numbers in the same order, so they agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from visualmemory_gui.engine.types import F64, I64

Label = TypeVar("Label", bound=Hashable)

ABSENT = -1  # in place of a row or of a class
_FEW_CLASSES = 4  # times as many as neighbours: sums for all of them cost less than numbering those of each query


@dataclass(frozen=True, slots=True)
class VoteTally(Generic[Label]):
    """The outcome of a vote. ``shares`` is ordered largest first, ties by which class reached its total first.

    ``winner``, ``share`` and ``margin`` are None when no vote weighs more than 0; ``total`` is the sum of all votes.
    """

    winner: Label | None
    share: float | None
    margin: float | None
    shares: dict[Label, float]
    total: float


def tally(labels: Sequence[Label], votes: Sequence[float], *, tie: float = 0.0) -> VoteTally[Label]:
    """Count ``votes`` (each >= 0, in rank order) for ``labels``.

    With a ``tie``, classes whose totals are that near to the largest, relative to it, are tied, and the one with the
    nearest vote wins.
    """
    totals: dict[Label, float] = {}
    total = 0.0
    for label, vote in zip(labels, votes, strict=True):
        total += vote
        reached = totals.get(label, 0.0)
        if reached + vote > reached:
            totals.pop(label, None)  # keeps the dict ordered by when each class reached its total
            totals[label] = reached + vote
    if not totals:
        return VoteTally(None, None, None, {}, total)
    ordered = sorted(totals.items(), key=lambda item: -item[1])
    if tie:
        ordered = _nearest_first(ordered, labels, votes, tie)
    shares = {label: reached / total for label, reached in ordered}
    share = ordered[0][1] / total
    margin = max(share - ordered[1][1] / total, 0.0) if len(ordered) > 1 else share
    return VoteTally(ordered[0][0], share, margin, shares, total)


def _nearest_first(
    ordered: list[tuple[Label, float]], labels: Sequence[Label], votes: Sequence[float], tie: float
) -> list[tuple[Label, float]]:
    """The tied classes in front by their nearest vote, the others as they are."""
    bound = ordered[0][1] * (1.0 - tie)
    tied = [item for item in ordered if item[1] >= bound]
    nearest = {label: place for place, label in reversed(list(enumerate(labels))) if votes[place] > 0.0}
    return sorted(tied, key=lambda item: nearest[item[0]]) + ordered[len(tied) :]


def winners_of(codes: I64, votes: F64, *, tie: float = 0.0) -> tuple[I64, F64]:
    """The winner's code of each query and its share, (q,) each, as ``tally`` finds them: -1 and 0 where no vote counts.

    ``codes`` and ``votes`` are (q, k) as in ``winner_at_each_k``.
    """
    q, k = codes.shape
    if not k:
        return np.full(q, ABSENT, np.int64), np.zeros(q)
    if not tie:
        running = winner_at_each_k(codes, votes)
        return running.winner[:, -1], running.share[:, -1]
    winner, share, _ = tied_vote(codes, votes, tie=tie)
    return winner, share


def tied_vote(codes: I64, votes: F64, *, tie: float) -> tuple[I64, F64, F64]:
    """Winner, share and margin of each query, (q,) each, where totals within ``tie`` of the largest are tied, as
    ``tally`` finds them: ABSENT, 0 and 0 where no vote weighs anything. ``codes`` and ``votes`` are (q, k), k > 0."""
    q, width = len(codes), int(codes.max(initial=0)) + 1
    every, seat = np.arange(q), codes
    if width > _FEW_CLASSES * codes.shape[1]:
        seat, width = seats(codes), codes.shape[1]
    by_seat = np.bincount((every[:, None] * width + seat).ravel(), votes.ravel(), minlength=q * width)
    by_seat = by_seat.reshape(q, width)
    totals, total = np.take_along_axis(by_seat, seat, axis=1), by_seat.sum(axis=1)
    best = totals.max(axis=1, keepdims=True, initial=0.0)
    place = np.argmax((totals >= best * (1.0 - tie)) & (votes > 0.0), axis=1)
    whole = np.where(total > 0.0, total, 1.0)
    winner, share = np.where(total > 0.0, codes[every, place], ABSENT), totals[every, place] / whole
    by_seat[every, seat[every, place]] = 0.0
    second = by_seat.max(axis=1)
    return winner, share, np.maximum(share - second / whole, 0.0)


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
