"""Deciding in plain Python and float64: what every decision of the product is held against."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from visualmemory_gui.engine.types import Decision, Rule

ENOUGH = 10
CLOSE = 1e-9


@dataclass(frozen=True)
class Voter:
    """An active exemplar. ``vector`` is (d,) of unit length, float64."""

    label: str
    trust: float
    vector: np.ndarray


@dataclass(frozen=True)
class Answer:
    """``winners`` holds more than one label where rounding decides between equal totals."""

    ids: list[int]
    distances: list[float]
    shares: dict[str, float]
    winners: set[str]


def decide(
    voters: Mapping[int, Voter], query: np.ndarray, k: int, rule: Rule, *, among: Collection[int] | None = None
) -> Answer:
    """The decision on ``query`` (d,) by the ``k`` nearest of ``voters`` (id -> exemplar), with the class factor on.

    ``among`` are the only ones that were found: what a graph that overlooked some must make of them.
    """
    wide = query.astype(np.float64)
    ids = list(voters) if among is None else [i for i in among if i in voters]
    measured = np.einsum("ij,j->i", np.array([voters[i].vector for i in ids]), wide) if ids else []
    near = sorted((min(max(1.0 - float(s), 0.0), 2.0), i) for s, i in zip(measured, ids, strict=True))[:k]
    count: dict[str, int] = {}
    for voter in voters.values():
        count[voter.label] = count.get(voter.label, 0) + 1
    totals: dict[str, float] = {}
    for rank, (distance, i) in enumerate(near):
        voter = voters[i]
        vote = _weight(rule, rank, distance, near[0][0]) * voter.trust * max(1.0, ENOUGH / count[voter.label])
        totals[voter.label] = totals.get(voter.label, 0.0) + vote
    total = sum(totals.values())
    shares = {label: reached / total for label, reached in totals.items()} if total else {}
    best = max(shares.values(), default=0.0)
    winners = {label for label, share in shares.items() if share > best - CLOSE}
    return Answer([i for _, i in near], [d for d, _ in near], shares, winners)


def _weight(rule: Rule, rank: int, distance: float, nearest: float) -> float:
    return {
        "plurality": lambda: 1.0,
        "rank": lambda: 1 / (rank + 2),
        "distance": lambda: math.exp(-distance),
        "softmax": lambda: math.exp((nearest - distance) / 0.07),
    }[rule]()


def agrees(found: Decision, expected: Answer) -> bool:
    """The same neighbours in the same order, the same shares, and a winner that has the largest of them."""
    return (
        [n.id for n in found.neighbours] == expected.ids
        and [n.distance for n in found.neighbours] == pytest.approx(expected.distances, abs=CLOSE)
        and dict(found.shares) == pytest.approx(expected.shares, abs=CLOSE)
        and (found.label in expected.winners if expected.winners else found.label is None)
    )
