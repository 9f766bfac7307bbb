"""Which classes a query can be taught as, in which order, and the digits they have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtGui import QColor

from visualmemory_gui.app.models.class_rows import ClassRow
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.types import Decision

Colour = Callable[[str, Sequence[str]], QColor]
KEYS = 9


def ordered_classes(counts: Mapping[str, int], decision: Decision | None) -> list[str]:
    """Classes with votes by their share (ties: as first met), then all others by name."""
    votes: dict[str, float] = {}
    for neighbour in decision.neighbours if decision is not None else ():
        votes[neighbour.label] = votes.get(neighbour.label, 0.0) + neighbour.share
    voted = sorted(votes, key=lambda label: -votes[label])
    return voted + sorted((label for label, n in counts.items() if n > 0 and label not in votes), key=str.casefold)


def class_rows(counts: Mapping[str, int], decision: Decision | None, colour: Colour) -> list[ClassRow]:
    """The rows of the class list; the first nine have a digit. Classes without a vote have no colour."""
    shares = list(decision.shares) if decision is not None else []
    level = decision.level if decision is not None else 0
    return [
        ClassRow(
            label=label,
            colour=colour(at_level(label, level), shares),
            key=str(row + 1) if row < KEYS else "",
            count=counts.get(label, 0),
        )
        for row, label in enumerate(ordered_classes(counts, decision))
    ]
