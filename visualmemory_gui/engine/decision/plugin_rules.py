"""Voting rules of other packages, by the entry points ``visualmemory.voting_rules``.

An entry point names a function from distances, nearest first, to what each vote weighs before trust and class factor:
(…, k) float64 -> (…, k), finite and at least 0. The weight of a neighbour may depend on it and on nearer ones alone, so
that the first k of more neighbours weigh what k of them do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import EntryPoint
from typing import cast

import numpy as np

from visualmemory_gui.engine.plugins import entry_points
from visualmemory_gui.engine.types import F64

_TRIED = np.array([0.0, 0.125, 0.25, 0.5, 1.0, 2.0])
"""Distances with which a rule is tried before it may vote."""


class PluginRule:
    """A voting rule of an installed package; what it answers is checked every time."""

    def __init__(self, entry: EntryPoint) -> None:
        self._entry = entry
        found = entry_points.load(entry)
        if not callable(found):
            raise entry_points.broken(entry, "is no voting rule: it must be a function from distances to weights")
        self._weigh = cast("Callable[[F64], object]", found)
        if not np.array_equal(self(_TRIED[:3]), self(_TRIED)[:3]):
            raise entry_points.broken(entry, "weighs a neighbour by others that are farther away")

    def __call__(self, distances: F64) -> F64:
        """What votes weigh, as ``distances`` are shaped, (…, k); a distance of infinity has no vote. Raises
        PluginError."""
        there = np.isfinite(distances)
        try:
            weights = np.asarray(self._weigh(np.where(there, distances, 2.0)), np.float64)
        except Exception as error:
            raise entry_points.broken(self._entry, f"fails to weigh votes ({type(error).__name__}: {error})") from error
        if weights.shape != distances.shape:
            raise entry_points.broken(self._entry, f"gives weights {weights.shape} for distances {distances.shape}")
        if not (np.isfinite(weights) & (weights >= 0.0)).all():
            raise entry_points.broken(self._entry, "gives weights that are not finite or below 0")
        return np.where(there, weights, 0.0)


@lru_cache(maxsize=64)
def found(name: str) -> PluginRule | None:
    """The rule of this name, None where no installed package has one; looked up once. Raises PluginError."""
    entry = entry_points.find(entry_points.VOTING_RULES, name)
    return None if entry is None else PluginRule(entry)


def names() -> list[str]:
    """The names of the rules of installed packages. None is loaded."""
    return entry_points.names(entry_points.VOTING_RULES)
