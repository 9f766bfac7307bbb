"""The classes that a query can be taught as, in their order."""

from __future__ import annotations

from collections.abc import Mapping

from visualmemory_gui.engine.types import Decision


def ordered_classes(counts: Mapping[str, int], decision: Decision | None) -> list[str]:
    """Classes with votes by share (ties in order of first vote), then all others by name."""
    votes: dict[str, float] = {}
    for neighbour in decision.neighbours if decision is not None else ():
        votes[neighbour.label] = votes.get(neighbour.label, 0.0) + neighbour.share
    voted = sorted(votes, key=lambda label: -votes[label])
    return voted + sorted((label for label, n in counts.items() if n > 0 and label not in votes), key=str.casefold)
