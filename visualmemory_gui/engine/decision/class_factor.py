"""The class factor: a vote multiplier that lets a class of few exemplars be heard.

One exemplar among ten neighbours loses to any class at ranks 1 and 2, even for the very image that was taught.
"""

from __future__ import annotations

import numpy as np

from visualmemory_gui.engine.types import F64, I64

ENOUGH = 10
_FACTORS = ENOUGH / np.maximum(np.arange(ENOUGH + 1), 1)


def class_factor(counts: I64) -> F64:
    """max(1, 10 / n) for the counts n of active exemplars of the neighbours' full labels; 0 is taken as 1."""
    return _FACTORS.take(counts, mode="clip")
