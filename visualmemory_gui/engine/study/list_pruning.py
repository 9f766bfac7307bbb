"""Pruning on published lists: which exemplars mislead the lists of the exemplars themselves.

R. Geirhos et al. (arXiv 2408.08172), section 3.4: *hard* takes out exemplars that were a wrong neighbour at least n
times among the first m; *soft* gives 1.75 / (1 + wrong) as trust, wrong counted among the first 10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.study.lists import NOBODY, Lists
from visualmemory_gui.engine.study.prune import MOST, least_count
from visualmemory_gui.engine.types import F64, I64, Bools

SOFT_M = 10
SOFT = 1.75


@dataclass(frozen=True, slots=True)
class Misled:
    """For each exemplar, by code (n,): how often it was a ``wrong`` and a ``right`` neighbour among the first ``m``."""

    m: int
    wrong: I64
    right: I64


def count(lists: Lists, m: int) -> Misled:
    """Count over the lists of the exemplars themselves, the first ``m`` neighbours each. Raises BadValue."""
    if m < 1:
        raise BadValue(f"m counts neighbours and must be at least 1, not {m}")
    n = len(lists.vocabulary.ids)
    wrong, right = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for block in lists.blocks:
        ids, hit = block.ids[:, :m], block.hits(block.classes[:, :m])
        there = ids != NOBODY
        wrong += np.bincount(ids[there & ~hit], minlength=n)
        right += np.bincount(ids[hit], minlength=n)
    return Misled(m, wrong, right)


def usual_m(lists: Lists) -> int:
    """min(100, max(5, a quarter of the median class size)), classes counted over the lists' own labels."""
    labels = np.concatenate([block.right[:, 0] for block in lists.blocks])
    sizes = np.bincount(labels)
    return int(min(100, max(5, np.median(sizes[sizes > 0]) // 4)))


def usual_n(misled: Misled, exemplars: int) -> int:
    """The smallest n that takes out at most 2 % of the ``exemplars``, at least 1."""
    return least_count(misled.wrong, int(MOST * exemplars))


def hard(misled: Misled, n: int) -> Bools:
    """Which exemplars are taken out, (n,), by code."""
    out: Bools = misled.wrong >= n
    return out


def soft(misled: Misled) -> F64:
    """The trust of each exemplar, (n,) float64, by code: 1 where it was never wrong."""
    return np.where(misled.wrong >= 1, SOFT / (1.0 + misled.wrong), 1.0)
