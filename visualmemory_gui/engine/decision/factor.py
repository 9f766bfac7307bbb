"""The class factor: a vote multiplier that lets a class of few exemplars be heard.

One exemplar among ten neighbours loses to any class at ranks 1 and 2, even for the very picture that was taught.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visualmemory_gui.engine.types import F64, I64

ENOUGH = 10


def class_factor(counts: I64) -> F64:
    """max(1, 10 / n) for the counts n of active exemplars of the neighbours' full labels; 0 is taken as 1."""
    out: F64 = np.maximum(1.0, ENOUGH / np.maximum(counts, 1))
    return out


def factors_of(counts: Sequence[int]) -> list[float]:
    """The same for the neighbours of one query, to the last bit."""
    return [1.0 if n >= ENOUGH else ENOUGH / (n or 1) for n in counts]
