"""Accuracy, reliability and entropy over published neighbour lists, as the paper defines them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

from visualmemory_gui.engine.decision.neighbour_lists import JsonClass, NeighbourList


def accuracy_at_each_k(lists: Sequence[NeighbourList], at_k: Sequence[Sequence[JsonClass]]) -> list[float]:
    """Share of queries whose winner among the first k is right, for k = 1, 2, …; [0, 1].

    ``at_k`` is what ``published.predictions`` gave. A shorter list keeps its last answer; lists without ``image_class``
    are left out.
    """
    judged = [(one.right, won) for one, won in zip(lists, at_k, strict=True) if one.right]
    longest = max((len(won) for _, won in judged), default=0)
    hits = [sum(bool(won) and won[min(k, len(won) - 1)] in right for right, won in judged) for k in range(longest)]
    return [hit / len(judged) for hit in hits]


def reliability_at_each_k(lists: Sequence[NeighbourList]) -> list[float]:
    """Share of queries whose k-th neighbour has the right class, among those that have one; [0, 1]."""
    hits: Counter[int] = Counter()
    asked: Counter[int] = Counter()
    for one in lists:
        if one.right:
            asked.update(range(len(one.classes)))
            hits.update(k for k, c in enumerate(one.classes) if c in one.right)
    return [hits[k] / asked[k] for k in range(len(asked))]


def entropy_bits(classes: Sequence[Hashable]) -> float:
    """Entropy in bits of the classes among a list's neighbours."""
    counts = Counter(classes).values()
    return -math.fsum(n / len(classes) * math.log2(n / len(classes)) for n in counts)
