"""The result of an evaluation of published neighbour lists, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from visualmemory_gui.engine.evaluation.evaluation import Calibration, ClassFigures
from visualmemory_gui.engine.evaluation.statistics import Gain
from visualmemory_gui.engine.published_lists.lists import ListReading
from visualmemory_gui.engine.published_lists.vote import parameter_of
from visualmemory_gui.engine.types import F64, Rule

Way = Literal["plain", "positions", "refill", "soft"]


class ByK:
    """Share of right answers at k = 1, 2, …; ``best_k`` is where it is largest on these very queries, as published."""

    def __init__(self, at_each_k: F64) -> None:
        self.at_each_k: tuple[float, ...] = tuple(at_each_k.tolist())
        self.best_k = int(np.argmax(at_each_k)) + 1
        self.best = self.at_each_k[self.best_k - 1]

    def at(self, k: int) -> float:
        """The share at ``k``; beyond the longest list, that at its end."""
        return self.at_each_k[min(k, len(self.at_each_k)) - 1]

    def to_json(self, ks: Sequence[int]) -> dict[str, Any]:
        """JSON values at fixed ``ks``, at the best one, and at each."""
        fixed = {str(k): self.at(k) for k in ks}
        return {"fixed": fixed, "best_on_these_queries": self.best_to_json(), "at_each_k": list(self.at_each_k)}

    def best_to_json(self) -> dict[str, Any]:
        """JSON values at the best k."""
        return {"k": self.best_k, "accuracy": self.best}


@dataclass(frozen=True, slots=True)
class PrunedFigures:
    """``accuracy`` by rule, and the ``gain`` over the plain lists by rule and fixed k, empty if not reported."""

    accuracy: Mapping[Rule, ByK]
    gain: Mapping[Rule, Mapping[int, Gain]]

    def to_json(self, ks: Sequence[int]) -> dict[str, Any]:
        """The same as JSON values."""
        gain = {rule: {str(k): asdict(one) for k, one in by_k.items()} for rule, by_k in self.gain.items()}
        return {"accuracy": {rule: one.to_json(ks) for rule, one in self.accuracy.items()}, "gain": gain}


@dataclass(frozen=True, slots=True)
class Pruning:
    """The counts of pruning on the exemplars' own lists, which are not the lists being judged.

    Hard pruning struck out ``pruned`` of the ``exemplars``: a wrong neighbour at least ``n`` times among the first
    ``m``. ``own_removed`` neighbours were the exemplar itself and were removed from its list. ``judged`` lists were
    both counted and judged: if there are any, a gain would not be honest and is not reported.
    """

    m: int
    n: int
    exemplars: int
    pruned: int
    own_removed: int
    judged: int = 0


@dataclass(frozen=True, slots=True)
class ListEvaluation:
    """Figures over the ``queries`` that count; ``unlabelled`` ones have no ``image_class``, and count only if
    ``reading`` says so.

    ``sweeps`` hold the accuracy by value of a rule's parameter; empty if not requested. ``calibration`` and
    ``per_class`` are of the decisions at k = 10 under rank voting, or the last rule requested. ``ways`` holds the
    results of pruning; empty without it.
    """

    queries: int
    unlabelled: int
    reading: ListReading
    ks: tuple[int, ...]
    accuracy: Mapping[Rule, ByK]
    reliability_at_k: tuple[float, ...]
    reliability_fit: tuple[float, float] | None
    calibration: Calibration
    per_class: Mapping[str, ClassFigures]
    sweeps: Mapping[Rule, Mapping[float, ByK]]
    pruning: Pruning | None
    ways: Mapping[Way, PrunedFigures]

    def to_json(self) -> dict[str, Any]:
        """The shape of ``visualmemory evaluate --neighbours FILE --json``: like that of a memory, with more keys."""
        return {
            "queries": self.queries,
            "unlabelled": self.unlabelled,
            "reading": asdict(self.reading),
            "accuracy": {rule: {str(k): one.at(k) for k in self.ks} for rule, one in self.accuracy.items()},
            "best_on_these_queries": {rule: one.best_to_json() for rule, one in self.accuracy.items()},
            "accuracy_at_each_k": {rule: list(one.at_each_k) for rule, one in self.accuracy.items()},
            "reliability_at_k": list(self.reliability_at_k),
            "reliability_fit": None if self.reliability_fit is None else list(self.reliability_fit),
            "calibration": {**asdict(self.calibration), "bins": [asdict(one) for one in self.calibration.bins]},
            "per_class": {label: asdict(one) for label, one in self.per_class.items()},
            "sweeps": {
                rule: _sweep_json(parameter_of(rule), by_value, self.ks) for rule, by_value in self.sweeps.items()
            },
            "pruning": None if self.pruning is None else asdict(self.pruning),
            **{way: one.to_json(self.ks) for way, one in self.ways.items()},
        }


def _sweep_json(parameter: str, by_value: Mapping[float, ByK], ks: Sequence[int]) -> dict[str, Any]:
    fixed = {f"{value:g}": {str(k): one.at(k) for k in ks} for value, one in by_value.items()}
    best = {f"{value:g}": one.best_to_json() for value, one in by_value.items()}
    return {"parameter": parameter, "accuracy": fixed, "best_on_these_queries": best}
