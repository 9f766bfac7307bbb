"""The result of an evaluation, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from visualmemory_gui.engine.decision.confidence import Confidence, fit
from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.decision.voting_rules import PARAMETERS
from visualmemory_gui.engine.evaluation.statistics import split
from visualmemory_gui.engine.types import F64, I64, Bools, ClassFactor, Rule, Skipped

BINS = 15

Accuracy = Mapping[Rule, Mapping[int, float]]
"""Share of right answers in [0, 1], by rule and k."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Queries of similar share: their mean share, the share of right answers among them, and their number."""

    share: float
    accuracy: float
    queries: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the winner's share relates to being right, with ``k`` neighbours under ``rule``.

    ``bins`` hold equal numbers of queries, by increasing share. ``ece``, the expected calibration error, is the mean
    distance between share and accuracy over the bins, by queries; None if no query got an answer.
    ``entropy_bits`` is the mean entropy of the shares.
    """

    k: int
    rule: Rule
    bins: tuple[Bin, ...]
    ece: float | None
    entropy_bits: float | None


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """The queries whose right label is one class: their number, and the share decided right."""

    support: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """Accuracy at the full label by value of a rule's parameter and by k, over so many ``queries``; ``used`` is the
    value with which the memory decides."""

    rule: Rule
    parameter: str
    accuracy: Mapping[float, Mapping[int, float]]
    queries: int
    used: float

    @property
    def name(self) -> str:
        """The rule; the rule and the parameter where it has several."""
        return self.rule if len(PARAMETERS[self.rule]) == 1 else f"{self.rule} {self.parameter}"


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The map from share to the chance of being right, as fitted on these queries, and its honest error.

    ``ece`` is the expected calibration error of maps fitted on one half of the queries and tested on the other, both
    ways; groups and copies stay in one half. None where a half is too small to fit one.
    """

    confidence: Confidence
    ece: float | None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcome of each of q queries under the calibration's k and rule, in the order in which they were asked.

    ``names`` are the labels of codes. ``ids`` are exemplars' ids, 0 for other queries; ``truth`` and ``winner`` are
    codes, -1 where nothing won; ``share`` is the winner's, 0 there. ``unit`` is a key above 0 that queries of one
    group, content or vector share, ``key`` the hash of a query's content (or vector).
    ``seen`` are the ids of all exemplars in the memory at change number ``change``.
    """

    names: tuple[str, ...]
    ids: I64
    truth: I64
    winner: I64
    share: F64
    unit: I64
    key: I64
    change: int
    seen: I64

    @property
    def right(self) -> Bools:
        right: Bools = self.winner == self.truth
        return right

    @property
    def canonical(self) -> I64:
        """Places of the queries by content and label: the same order in every run of one query set."""
        _, label = np.unique(np.array([self.names[code] for code in self.truth.tolist()], str), return_inverse=True)
        return np.lexsort((label, self.key))

    @property
    def accuracy(self) -> float:
        """The share of queries decided right."""
        return float(self.right.mean())

    @property
    def confusion(self) -> dict[str, dict[str, int]]:
        """True label -> predicted label -> queries; "" stands for no answer."""
        out: dict[str, dict[str, int]] = {}
        pairs, counts = np.unique(np.stack([self.truth, self.winner]), axis=1, return_counts=True)
        for true, won, n in zip(*pairs.tolist(), counts.tolist(), strict=True):
            out.setdefault(self.names[true], {})["" if won == ABSENT else self.names[won]] = n
        return out

    @property
    def per_class(self) -> dict[str, ClassFigures]:
        """The same summed up by true label."""
        confusion = self.confusion
        supports = {label: sum(predicted.values()) for label, predicted in confusion.items()}
        return {label: ClassFigures(n, confusion[label].get(label, 0) / n) for label, n in supports.items()}

    def hardest(self) -> list[tuple[str, ClassFigures]]:
        """The classes, those least often decided right first; of equals, the largest first."""
        return sorted(self.per_class.items(), key=lambda item: (item[1].accuracy, -item[1].support, item[0]))

    def of_cell(self, true: str, predicted: str) -> I64:
        """Places of the queries of one label that were decided as another; "" stands for no answer. (m,) increasing."""
        codes = {name: code for code, name in enumerate(self.names)}
        won = codes.get(predicted, ABSENT)
        return np.flatnonzero((self.truth == codes.get(true, ABSENT)) & (self.winner == won))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How often decisions are right. A query without an answer counts as wrong.

    ``accuracy`` is over full labels; ``accuracy_by_level`` maps each level (0 is the full label) to the same figures.
    ``reliability_at_k[i]`` is the share of queries with an (i + 1)-th neighbour for which it is right, and
    ``reliability_fit`` the (a, b) of a ln k + b through them, None with fewer than two. ``confusion`` counts
    true label -> predicted label -> queries for the calibration's k and rule; "" stands for no answer; ``per_class``
    sums it up; ``outcomes_by_level`` has the same at each level (see ``at``). ``sweeps`` vary each
    parameter of each rule. ``confidence`` is None under 200 queries. ``query_set`` is a hash of what was asked: only
    runs in which it is equal may be compared. ``level`` is the one that the memory decides at. ``skipped`` lists images
    of a test folder that could not be read.
    """

    queries: int
    accuracy: Accuracy
    accuracy_by_level: Mapping[int, Accuracy]
    reliability_at_k: tuple[float, ...]
    reliability_fit: tuple[float, float] | None
    calibration: Calibration
    confusion: Mapping[str, Mapping[str, int]]
    class_factor: ClassFactor
    per_class: Mapping[str, ClassFigures]
    sweeps: tuple[Sweep, ...]
    confidence: Calibrated | None
    outcomes_by_level: Mapping[int, Outcomes] = field(compare=False, repr=False)
    query_set: str = ""
    level: int = 0
    skipped: tuple[Skipped, ...] = ()

    @property
    def outcomes(self) -> Outcomes:
        """The outcomes of the queries at the full label."""
        return self.outcomes_by_level[0]

    @property
    def levels(self) -> tuple[int, ...]:
        """The distinct levels: 0, the full label, first; the deepest equals it and is left out."""
        return tuple(self.outcomes_by_level)

    def at(self, level: int) -> Outcomes:
        """The outcomes of the queries at a level; at the full label if the labels are not that deep."""
        return self.outcomes_by_level.get(level, self.outcomes)

    @property
    def words(self) -> str:
        """ "61.0 % at the full label, 76.2 % at level 1": accuracy at the calibration's k and rule."""
        return ", ".join(
            f"{100 * found.accuracy:.1f} % at {level_in_words(level)}"
            for level, found in self.outcomes_by_level.items()
        )

    def to_json(self) -> dict[str, Any]:
        """The shape of ``visualmemory evaluate --json``; all keys are text."""
        return {
            "queries": self.queries,
            "accuracy": _text_keys(self.accuracy),
            "accuracy_by_level": {str(level): _text_keys(found) for level, found in self.accuracy_by_level.items()},
            "reliability_at_k": list(self.reliability_at_k),
            "reliability_fit": None if self.reliability_fit is None else list(self.reliability_fit),
            "calibration": {**asdict(self.calibration), "bins": [asdict(one) for one in self.calibration.bins]},
            "confidence": None if self.confidence is None else _confidence_json(self.confidence),
            "confusion": {true: dict(predicted) for true, predicted in self.confusion.items()},
            "per_class": _figures_json(self.per_class),
            "per_class_by_level": {str(n): _figures_json(one.per_class) for n, one in self.outcomes_by_level.items()},
            "sweeps": _sweeps_json(self.sweeps),
            "class_factor": self.class_factor,
            "query_set": self.query_set,
            "level": self.level,
            "skipped": [asdict(one) for one in self.skipped],
        }


def _figures_json(found: Mapping[str, ClassFigures]) -> dict[str, Any]:
    return {label: asdict(one) for label, one in found.items()}


def _confidence_json(found: Calibrated) -> dict[str, Any]:
    known = found.confidence
    steps = [{"share": share, "right": right} for share, right in zip(known.shares, known.right, strict=True)]
    return {"steps": steps, "queries": known.queries, "ece": found.ece}


def _sweeps_json(sweeps: Sequence[Sweep]) -> dict[str, Any]:
    return {
        one.name: {
            "rule": one.rule,
            "parameter": one.parameter,
            "queries": one.queries,
            "used": one.used,
            "accuracy": {f"{value:g}": {str(k): x for k, x in by_k.items()} for value, by_k in one.accuracy.items()},
        }
        for one in sweeps
    }


def _text_keys(accuracy: Accuracy) -> dict[str, dict[str, float]]:
    return {rule: {str(k): x for k, x in by_k.items()} for rule, by_k in accuracy.items()}


def equal_mass_bins(shares: F64, right: Bools, *, bins: int = BINS) -> tuple[Bin, ...]:
    """Queries by increasing share, in ``bins`` parts whose sizes differ by at most one; empty parts are left out."""
    order = np.argsort(shares, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return tuple(Bin(float(shares[part].mean()), float(right[part].mean()), len(part)) for part in parts)


def expected_calibration_error(bins: Sequence[Bin]) -> float | None:
    """Mean of |share - accuracy| over ``bins``, weighted by queries; None without any."""
    queries = sum(one.queries for one in bins)
    return sum(one.queries * abs(one.share - one.accuracy) for one in bins) / queries if queries else None


def fit_reliability(reliability: Sequence[float]) -> tuple[float, float] | None:
    """Least squares (a, b) of a ln k + b through the reliability at k = 1, 2, …"""
    if len(reliability) < 2:
        return None
    a, b = np.polyfit(np.log(np.arange(1, len(reliability) + 1)), np.asarray(reliability), 1)
    return float(a), float(b)


def calibrate(outcomes: Outcomes, confidence: Confidence) -> Calibrated | None:
    """``confidence``, which was fitted on all ``outcomes``, with its error on queries it was not fitted on; None where
    there is no map."""
    if not confidence.shares:
        return None
    answered = outcomes.winner != ABSENT
    share, right = outcomes.share[answered], outcomes.right[answered]
    half = split(outcomes.truth[answered], outcomes.unit[answered], (1, 1))
    told = np.zeros(len(share))
    for part in range(2):
        known = fit(share[half != part], right[half != part], confidence.scheme)
        if not known.shares:
            return Calibrated(confidence, None)
        told[half == part] = [known.of(one) for one in share[half == part].tolist()]
    return Calibrated(confidence, expected_calibration_error(equal_mass_bins(told, right)))
