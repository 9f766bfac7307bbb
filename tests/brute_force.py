"""Deciding in plain Python and float64: what every decision of the product is held against."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import nnls

from visualmemory_gui.engine.types import ClassFactor, Decision, Rule

ENOUGH = 10
CLOSE = 1e-9


@dataclass(frozen=True)
class Voter:
    """An active exemplar. ``vector`` is (d,) of unit length, float64; without ``content`` or ``group`` it has none."""

    label: str
    trust: float
    vector: np.ndarray
    content: str | None = None
    group: str | None = None

    def alike(self, other: Voter, *, group: bool = True) -> bool:
        """Whether leave-one-out leaves one out with the other."""
        if group and self.group is not None and self.group == other.group:
            return True
        return bool((self.vector == other.vector).all()) or (self.content is not None and self.content == other.content)


@dataclass(frozen=True)
class Answer:
    """``winners`` holds more than one label where rounding decides between equal totals."""

    ids: list[int]
    distances: list[float]
    shares: dict[str, float]
    winners: set[str]


def decide(
    voters: Mapping[int, Voter],
    query: np.ndarray,
    k: int,
    rule: Rule,
    *,
    among: Collection[int] | None = None,
    own: str | None = None,
    factor: ClassFactor = "old",
    level: int = 0,
) -> Answer:
    """The decision on ``query`` (d,) by the ``k`` nearest of ``voters`` (id -> exemplar); under ridge by all those of
    the k nearest different vectors.

    ``among`` are the only ones that were found: what a graph that overlooked some must make of them. ``own`` is the
    label that counts one less, as the query itself has it.
    """
    wide = query.astype(np.float64)
    ids = list(voters) if among is None else [i for i in among if i in voters]
    measured = np.einsum("ij,j->i", np.array([voters[i].vector for i in ids]), wide) if ids else []
    ordered = sorted((min(max(1.0 - float(s), 0.0), 2.0), i) for s, i in zip(measured, ids, strict=True))
    first = set(list(dict.fromkeys(voters[i].vector.tobytes() for _, i in ordered))[:k])
    near = [one for one in ordered if voters[one[1]].vector.tobytes() in first] if rule == "ridge" else ordered[:k]
    count: dict[str, int] = {}
    for voter in voters.values():
        count[voter.label] = count.get(voter.label, 0) + 1
    mean = len(voters) / max(len(count), 1)
    usual = max(ENOUGH, mean) if len(count) > 1 else 0
    if own is not None:
        count[own] -= 1
    totals: dict[str, float] = {}
    solved = _ridge(near, voters) if rule == "ridge" else []
    for rank, (distance, i) in enumerate(near):
        voter = voters[i]
        size = max(count[voter.label], 1)
        mean_factor = min(max(1.0, math.sqrt(usual / size)), 10.0)
        heard = {"off": 1.0, "old": max(1.0, ENOUGH / size), "mean": mean_factor}[factor]
        if rule == "ridge":
            vote = solved[rank] * max(voter.trust, 1.0) * heard
        else:
            vote = _weight(rule, rank, distance, near[0][0]) * voter.trust * heard
        if not vote:
            continue
        name = "/".join(voter.label.split("/")[:level]) if level else voter.label
        totals[name] = totals.get(name, 0.0) + vote
    total = sum(totals.values())
    shares = {label: reached / total for label, reached in totals.items()} if total else {}
    best = max(shares.values(), default=0.0)
    winners = {label for label, share in shares.items() if share > best - CLOSE}
    return Answer([i for _, i in near], [d for d, _ in near], shares, winners)


def leave_one_out(
    voters: Mapping[int, Voter], query: Voter, k: int, rule: Rule, *, factor: ClassFactor = "old", level: int = 0
) -> Answer:
    """The exemplar ``query``, one of ``voters``, decided by those that have nothing in common with it."""
    others = [i for i, voter in voters.items() if not voter.alike(query)]
    own = query.label if any(voter is query for voter in voters.values()) else None
    return decide(voters, query.vector, k, rule, among=others, own=own, factor=factor, level=level)


def watched(
    voters: Mapping[int, Voter], image: Voter, k: int, rule: Rule, *, factor: ClassFactor = "old", level: int = 0
) -> Answer:
    """An image from elsewhere that ought to be ``image.label``, decided without its copies in the memory."""
    copies = [i for i in sorted(voters) if voters[i].alike(image, group=False)]
    labels = [voters[i].label for i in copies]
    own = image.label if image.label in labels else next(iter(labels), None)
    others = [i for i in voters if i not in copies]
    return decide(voters, image.vector, k, rule, among=others, own=own, factor=factor, level=level)


def _ridge(near: list[tuple[float, int]], voters: Mapping[int, Voter]) -> list[float]:
    """The weights that explain the query together, by scipy: exp(-2 d) as kernel, 0.3 on the diagonal; equal vectors
    are solved as one."""
    of: dict[bytes, int] = {}
    kind = [of.setdefault(voters[i].vector.tobytes(), len(of)) for _, i in near]
    voice = [min(voters[i].trust, 1.0) for _, i in near]
    if not near:
        return []
    heard, first = np.bincount(kind, voice), [kind.index(n) for n in range(len(of))]
    vectors = np.array([voters[near[place][1]].vector for place in first])
    gram = np.exp(2.0 * (np.clip(vectors @ vectors.T, -1.0, 1.0) - 1.0))
    gram[np.diag_indices(len(of))] = 1.0 + 0.3 / heard
    lower = np.linalg.cholesky(gram)
    wanted = np.linalg.solve(lower, np.exp([-2.0 * near[place][0] for place in first]))
    found = nnls(lower.T, wanted)[0]
    return [float(found[n] * part / heard[n]) for n, part in zip(kind, voice, strict=True)]


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
