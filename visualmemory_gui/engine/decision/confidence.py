"""Confidence: how often an answer with such a share of the vote is right in this memory.

Fitted on the memory's own exemplars, each decided by the others (leave-one-out): the sample that also measures known
and unknown, at most 2,000 of them. So it speaks of queries like the exemplars, and of one way to decide: k, rule, class
factor and level. Of images from elsewhere it says too much.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from visualmemory_gui.engine.decision.isotonic import pool_adjacent_violators
from visualmemory_gui.engine.decision.levels import level_codes
from visualmemory_gui.engine.decision.sample import ExemplarVotes
from visualmemory_gui.engine.decision.votes import winners_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.types import F64, Bools

FEWEST = 200
"""Queries under which nothing is said."""
STEP = 20
"""Queries that a step rests on at least: of fewer, the highest share would soon be "always right"."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """A non-decreasing map from the winner's share to the chance of being right.

    From ``shares[i]`` on, increasing, it is ``right[i]``; ``queries`` were asked. Without steps, which is so under 200
    queries, it says nothing.
    """

    scheme: VotingScheme
    shares: tuple[float, ...]
    right: tuple[float, ...]
    queries: int

    def of(self, share: float) -> float | None:
        """The chance that an answer with this share is right."""
        return self.right[max(bisect_right(self.shares, share) - 1, 0)] if self.shares else None

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {"ballot": self.scheme.to_dict(), "shares": self.shares, "right": self.right, "queries": self.queries}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Confidence:
        """Read back what ``to_dict`` wrote."""
        scheme = VotingScheme.from_dict(data["ballot"])
        return cls(scheme, tuple(data["shares"]), tuple(data["right"]), queries=int(data["queries"]))


def in_words(chance: float) -> str:
    """ "9 in 10 times": a chance in [0, 1]. Near certainty in hundredths: nothing makes it "always", nor "never"."""
    if chance < 0.05:
        return "less than 1 in 20 times"
    if chance < 0.945:
        return f"{max(1, round(10 * chance))} in 10 times"
    return f"{round(100 * chance)} in 100 times" if chance < 0.995 else "more than 99 in 100 times"


def fit(shares: F64, right: Bools, scheme: VotingScheme) -> Confidence:
    """The map of answers, (q,) each: the winner's share, and whether it was right."""
    if len(shares) < FEWEST:
        return Confidence(scheme, (), (), len(shares))
    order = np.argsort(shares, kind="stable")
    ordered = shares[order]
    starts = _starts(ordered)
    masses = np.diff(np.append(starts, len(ordered)))
    means = np.add.reduceat(right[order].astype(np.float64), starts) / masses
    steps = pool_adjacent_violators(means, masses)
    new = np.append(True, np.diff(steps) > 0)
    kept = np.array(starts)[new]
    return Confidence(scheme, tuple(ordered[kept].tolist()), tuple(steps[new].tolist()), len(shares))


def _starts(ordered: F64) -> list[int]:
    """Where each group of at least STEP answers begins; equal shares are in one group."""
    edges = np.flatnonzero(np.append(True, np.diff(ordered) > 0)).tolist()
    starts = [0]
    for edge in edges:
        if edge - starts[-1] >= STEP and len(ordered) - edge >= STEP:
            starts.append(edge)
    return starts


def measure(votes: ExemplarVotes) -> Confidence:
    """Fit the map of a memory to the sampled exemplars, each decided by the others."""
    scheme = votes.scheme
    if len(votes) < FEWEST:
        return Confidence(scheme, (), (), len(votes))
    at = level_codes(votes.snapshot.labels, scheme.level)
    winner, share = winners_of(at[votes.codes], votes.votes, tie=scheme.tie)
    answered = winner >= 0
    return fit(share[answered], (winner == at[votes.own])[answered], scheme)
