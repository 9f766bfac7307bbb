"""Class sets: the few classes that hold the right one nine times in ten.

A class belongs to the set of a query if its total reaches a threshold: what the votes for it come to, which trust and
class factor do not multiply and which is not divided by the sum. The threshold is reached by the right class of nine in
ten of the memory's own exemplars, each decided by the others. That is measured coverage for queries like them, and no
guarantee.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from visualmemory_gui.engine.decision.confidence import FEWEST, STEP
from visualmemory_gui.engine.decision.confidence import in_words as chance_in_words
from visualmemory_gui.engine.decision.levels import at_level, codes_by_level
from visualmemory_gui.engine.decision.novelty import total_of
from visualmemory_gui.engine.decision.sample import ExemplarVotes
from visualmemory_gui.engine.decision.votes import seats, winners_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.text.visible_text import first_few
from visualmemory_gui.engine.types import F64, I64, Bools, ClassSet

COVERED = 0.9
MOST = 3
"""The largest number of classes that a set should have."""
NAMED = 5
"""How many classes of a set a sentence names."""
_FOLDS = 5


def in_words(found: ClassSet | None, winner: str | None = None) -> str:
    """ "one of: cat, lynx; right 9 in 10 times here": where the set says more than that it is ``winner``.

    Sets of more than five classes name the first five.
    """
    if found is None or found.labels == (winner,) or (len(found.labels) == 1 and found.coverage is None):
        return ""
    count = len(found.labels)
    of = "" if count == 1 else "one of: " if count <= NAMED else f"one of {count} classes: "
    right = "" if found.coverage is None else f"; right {chance_in_words(found.coverage)} here"
    return f"{of}{first_few(found.labels, NAMED)}{right}"


@dataclass(frozen=True, slots=True)
class LevelSets:
    """The sets at one level. ``coverage`` is by size how many of those sets hold the right class, ``MOST + 1`` standing
    for all larger ones; sizes of too few sets are missing. ``small`` is the share of sets of 1 to 3 classes."""

    level: int
    threshold: float
    coverage: Mapping[int, float]
    small: float


@dataclass(frozen=True, slots=True)
class ClassSets:
    """The levels at which sets are small enough to be useful, the deepest first, for decisions by ``scheme``."""

    scheme: VotingScheme
    levels: tuple[LevelSets, ...]

    def of(
        self, labels: Sequence[str], alone: Sequence[float], scheme: VotingScheme, winner: str | None
    ) -> ClassSet | None:
        """The set of one query, at the deepest level that is offered and not deeper than the scheme's.

        ``labels`` are the full ones of its neighbours, ``alone`` what the rule gave each; ``winner`` won at the
        scheme's level, and belongs to every set. None without a winner, where no level is offered, and for another
        scheme.
        """
        found = self._offered(scheme.level) if self.levels else None
        if found is None or winner is None or not scheme.weighs_as(self.scheme):
            return None
        totals = dict[str, float]()
        names = [at_level(label, found.level) for label in labels] if found.level else labels
        for name, weight in zip(names, alone, strict=True):
            totals[name] = totals.get(name, 0.0) + weight
        first = at_level(winner, found.level)
        reached = [name for name, total in totals.items() if total >= found.threshold]
        if not reached:
            return ClassSet((first,), found.level, None)
        members = reached
        if reached != [first]:
            members = sorted({*reached, first}, key=lambda name: (-totals[name], name != first, name))
        return ClassSet(tuple(members), found.level, found.coverage.get(min(len(members), MOST + 1)))

    def _offered(self, level: int) -> LevelSets | None:
        return next((each for each in self.levels if level == 0 or 0 < each.level <= level), None)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        levels = [
            {
                "level": each.level,
                "threshold": each.threshold,
                "coverage": {str(size): share for size, share in each.coverage.items()},
                "small": each.small,
            }
            for each in self.levels
        ]
        return {"scheme": self.scheme.to_dict(), "levels": levels}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassSets:
        """Read back what ``to_dict`` wrote."""
        levels = tuple(
            LevelSets(
                int(each["level"]),
                float(each["threshold"]),
                {int(size): float(share) for size, share in each["coverage"].items()},
                float(each["small"]),
            )
            for each in data["levels"]
        )
        return cls(VotingScheme.from_dict(data["scheme"]), levels)


def measure(votes: ExemplarVotes) -> ClassSets:
    """The levels with sets that are offered: those where at least half of the sampled exemplars' sets have 1 to 3
    classes. None under 200 exemplars."""
    names = votes.snapshot.labels
    if len(votes) < FEWEST:
        return ClassSets(votes.scheme, ())
    by_level = codes_by_level(names)
    deepest_first = [0, *sorted((level for level in by_level if level), reverse=True)]
    found = [_level_sets(votes, level, by_level[level]) for level in deepest_first]
    return ClassSets(votes.scheme, tuple(each for each in found if each.threshold > 0.0 and each.small >= 0.5))


def _level_sets(votes: ExemplarVotes, level: int, at: I64) -> LevelSets:
    codes, own = at[votes.codes], at[votes.own]
    winner, _ = winners_of(codes, votes.votes, tie=votes.scheme.tie)
    right = total_of(codes, votes.alone, own)
    sets = _Sets(_class_totals(codes, votes.alone), right, total_of(codes, votes.alone, winner), winner == own)
    threshold = _threshold(right)
    sizes, _ = sets.at(np.full(len(votes), threshold))
    fold = np.arange(len(votes)) % _FOLDS
    others = np.array([_threshold(right[fold != each]) for each in range(_FOLDS)])
    size, holds = sets.at(others[fold])
    size = np.minimum(size, MOST + 1)
    coverage = {
        each: float(holds[size == each].mean()) for each in range(1, MOST + 2) if np.count_nonzero(size == each) >= STEP
    }
    return LevelSets(level, threshold, coverage, float(((sizes > 0) & (sizes <= MOST)).mean()))


@dataclass(frozen=True, eq=False)
class _Sets:
    """The sets of q queries: ``totals`` (q, k) of their classes, each once, and those of the right class and the
    winner."""

    totals: F64
    right: F64
    winner: F64
    won: Bools

    def at(self, threshold: F64) -> tuple[I64, Bools]:
        """How many classes each set has, and whether it holds the right one.

        The winner belongs to all but empty ones.
        """
        reached = ((self.totals >= threshold[:, None]) & (self.totals > 0.0)).sum(axis=1)
        holds = (self.right >= threshold) | (self.won & (reached > 0))
        return reached + ((reached > 0) & (self.winner < threshold)), holds


def _threshold(right: F64) -> float:
    """The largest total that nine in ten right classes reach."""
    return float(np.quantile(right, 1.0 - COVERED, method="lower"))


def _class_totals(codes: I64, alone: F64) -> F64:
    """(q, k): what each class of a query gets, at one place of the class; 0 at the others."""
    totals = np.zeros(codes.shape)
    np.add.at(totals, (np.arange(len(codes))[:, None], seats(codes)), alone)
    return totals
