"""The result of an evaluation, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from visualmemory_gui.engine.types import F64, Bools, Rule, Skipped

BINS = 15

Accuracy = Mapping[Rule, Mapping[int, float]]
"""Share of right answers in [0, 1], by rule and k."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Queries of similar share: their mean share, the share of right answers among them, and how many they are."""

    share: float
    accuracy: float
    queries: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the winner's share relates to being right, with ``k`` neighbours under ``rule``.

    ``bins`` hold equally many queries each, by increasing share. ``ece``, the expected calibration error, is the mean
    distance between share and accuracy over the bins, by queries; None without queries that got an answer.
    ``entropy_bits`` is the mean entropy of the shares.
    """

    k: int
    rule: Rule
    bins: tuple[Bin, ...]
    ece: float | None
    entropy_bits: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How often decisions are right. A query without an answer counts as wrong.

    ``accuracy`` is over full labels; ``accuracy_by_level`` maps each level (0 is the full label) to the same figures.
    ``reliability_at_k[i]`` is the share of right (i + 1)-th neighbours among the queries that have one, and
    ``reliability_fit`` the (a, b) of a ln k + b through them, None with fewer than two. ``confusion`` counts
    true label -> predicted label -> queries for the calibration's k and rule; "" stands for no answer.
    ``skipped`` lists pictures of a test folder that could not be read.
    """

    queries: int
    accuracy: Accuracy
    accuracy_by_level: Mapping[int, Accuracy]
    reliability_at_k: tuple[float, ...]
    reliability_fit: tuple[float, float] | None
    calibration: Calibration
    confusion: Mapping[str, Mapping[str, int]]
    class_factor: bool
    skipped: tuple[Skipped, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The shape of ``visualmemory evaluate --json``; all keys are text."""
        return {
            "queries": self.queries,
            "accuracy": _text_keys(self.accuracy),
            "accuracy_by_level": {str(level): _text_keys(found) for level, found in self.accuracy_by_level.items()},
            "reliability_at_k": list(self.reliability_at_k),
            "reliability_fit": None if self.reliability_fit is None else list(self.reliability_fit),
            "calibration": {**asdict(self.calibration), "bins": [asdict(one) for one in self.calibration.bins]},
            "confusion": {true: dict(predicted) for true, predicted in self.confusion.items()},
            "class_factor": self.class_factor,
            "skipped": [asdict(one) for one in self.skipped],
        }


def _text_keys(accuracy: Accuracy) -> dict[str, dict[str, float]]:
    return {rule: {str(k): x for k, x in by_k.items()} for rule, by_k in accuracy.items()}


def equal_mass_bins(shares: F64, right: Bools, *, bins: int = BINS) -> tuple[Bin, ...]:
    """Queries by increasing share in ``bins`` parts that differ by at most one query; empty parts are left out."""
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
