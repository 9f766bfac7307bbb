"""The classes that a query can be taught as, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from visualmemory_gui.engine.decision.levels import shares_by_label
from visualmemory_gui.engine.types import Decision


def ordered_classes(counts: Mapping[str, int], decision: Decision | None) -> list[str]:
    """Classes with votes by share (ties in order of first vote), then all others by name."""
    votes = shares_by_label(decision.neighbours if decision is not None else ())
    voted = sorted(votes, key=lambda label: -votes[label])
    return voted + [label for label in _by_name(frozenset(counts)) if counts[label] > 0 and label not in votes]


@lru_cache(maxsize=16)
def _by_name(labels: frozenset[str]) -> tuple[str, ...]:
    """``labels`` in the order of a dictionary. The same classes are asked for after every edit."""
    return tuple(sorted(labels, key=lambda label: (label.casefold(), label)))
