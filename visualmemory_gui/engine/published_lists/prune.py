"""Pruning on published lists: which exemplars mislead the lists of the exemplars themselves.

Exemplars have codes instead of rows.
"""

from __future__ import annotations

import numpy as np

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation import pruning_rules
from visualmemory_gui.engine.evaluation.pruning_rules import MOST, Neighbourhood, least_count
from visualmemory_gui.engine.published_lists.lists import ABSENT, PublishedLists
from visualmemory_gui.engine.types import I64


def count(lists: PublishedLists, m: int) -> Neighbourhood:
    """Count over the lists of the exemplars themselves, the first ``m`` neighbours each: (n,) by code. Raises
    BadValue."""
    if m < 1:
        raise BadValue(f"m counts neighbours and must be at least 1, not {m}")
    n = len(lists.vocabulary.ids)
    wrong, right = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for block in lists.blocks:
        ids, hit = block.ids[:, :m], block.hits(block.classes[:, :m])
        there = ids != ABSENT
        wrong += np.bincount(ids[there & ~hit], minlength=n)
        right += np.bincount(ids[hit], minlength=n)
    return Neighbourhood(wrong, right)


def usual_m(lists: PublishedLists) -> int:
    """As in ``prune``, with classes counted over the lists' own labels."""
    return pruning_rules.usual_m(lists.support())


def usual_n(wrong: I64, exemplars: int) -> int:
    """The smallest n, at least 1, that strikes out at most 2 % of the ``exemplars``."""
    return least_count(wrong, int(MOST * exemplars))
