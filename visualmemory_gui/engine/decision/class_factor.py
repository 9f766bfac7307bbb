"""The class factor: a vote multiplier that lets a class of few exemplars be heard.

One exemplar among ten neighbours loses to any class at ranks 1 and 2, even for the very image that was taught. In the
form ``mean`` a class is small by comparison with the others of its memory: where most classes are small, none of them
is raised far. ``old``, 10 / n, raises every class of fewer than ten, whatever the others are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, ClassFactor

ENOUGH = 10
"""Exemplars of a class that has no factor in the form ``old``, nor in the form ``mean`` in a memory of such classes."""
LARGEST = 10.0
IN_WORDS: Mapping[ClassFactor, str] = {
    "off": "off: the size of a class does not count",
    "old": f"old: classes of fewer than {ENOUGH} exemplars weigh more",
    "mean": f"mean: classes smaller than the mean, or than {ENOUGH}, weigh more",
}
"""What each form does, in a line."""
_OLD = ENOUGH / np.maximum(np.arange(ENOUGH + 1), 1)


def usual_size_of(snapshot: Snapshot) -> F64:
    """The ``usual_size`` of a class in a memory, ()."""
    return snapshot.derived(_usual_size)


def _usual_size(snapshot: Snapshot) -> F64:
    return usual_size(snapshot.active_count, np.count_nonzero(snapshot.counts))


def usual_size(active: npt.ArrayLike, classes: npt.ArrayLike) -> F64:
    """The size from which a class has no factor in the form ``mean``: the mean of the classes that have any, or 10.

    ``active`` is how many exemplars there are, ``classes`` how many classes have any, of one shape. With fewer than two
    of them there is nothing to compare: 0.
    """
    mean = np.asarray(active) / np.maximum(classes, 1)
    return np.where(np.asarray(classes) < 2, 0.0, np.maximum(ENOUGH, mean))


def largest_usual_size(form: ClassFactor, counts: I64, strikes: int) -> float:
    """From what size on a class has no factor in ``form``, whichever ``strikes`` exemplars are struck out.

    ``counts`` are the active exemplars of all classes. Striking out whole classes raises the mean of the others.
    """
    if form != "mean":
        return {"off": 0, "old": ENOUGH}[form]
    sizes = np.sort(counts[counts > 0])
    gone = np.append(0, np.cumsum(sizes))
    emptied = np.flatnonzero(gone <= strikes)
    return float(usual_size(gone[-1] - gone[emptied], len(sizes) - emptied).max())


def class_factor(form: ClassFactor, counts: I64, usual: F64) -> F64:
    """What multiplies the votes of classes of ``counts`` exemplars, as the query counts them; 0 is taken as 1.

    ``mean``: sqrt(usual / n), at least 1 and at most 10, where ``usual`` is the ``usual_size``, (), or a shape that
    broadcasts to that of ``counts``. ``old``: max(1, 10 / n). ``off``: 1.
    """
    if form == "off":
        return np.ones(counts.shape)
    if form == "old":
        return _OLD.take(counts, mode="clip")
    out: F64 = np.minimum(np.maximum(np.sqrt(usual / np.maximum(counts, 1)), 1.0), LARGEST)
    return out
