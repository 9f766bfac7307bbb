"""Isotonic regression: the non-decreasing steps that lie nearest to what was observed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visualmemory_gui.engine.types import F64


def pool_adjacent_violators(values: Sequence[float] | F64, masses: Sequence[float] | F64) -> F64:
    """The non-decreasing sequence with the least sum of ``masses`` times squared distance to ``values``, (n,) float64.

    Neighbours that fall are pooled to their mean until none does. M. Ayer et al., "An empirical distribution function
    for sampling with incomplete information" (1955). ``masses`` are above 0.
    """
    pools: list[tuple[float, float, int]] = []  # sum, mass, how many
    for value, mass in zip(values, masses, strict=True):
        total, weight, many = value * mass, float(mass), 1
        while pools and pools[-1][0] * weight >= total * pools[-1][1]:
            before = pools.pop()
            total, weight, many = total + before[0], weight + before[1], many + before[2]
        pools.append((total, weight, many))
    means = [total / weight for total, weight, _ in pools]
    return np.repeat(np.array(means, np.float64), [many for *_, many in pools])
