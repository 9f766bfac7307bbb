"""The classes that a query can be taught as, their order, and their digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtGui import QColor

from visualmemory_gui.app.models.class_rows import ClassRow
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.types import Decision

Colour = Callable[[str, Sequence[str]], QColor]
KEYS = 9


def ordered_classes(counts: Mapping[str, int], decision: Decision | None) -> list[str]:
    """Classes with votes by share (ties in order of first vote), then all others by name."""
    votes: dict[str, float] = {}
    for neighbour in decision.neighbours if decision is not None else ():
        votes[neighbour.label] = votes.get(neighbour.label, 0.0) + neighbour.share
    voted = sorted(votes, key=lambda label: -votes[label])
    return voted + sorted((label for label, n in counts.items() if n > 0 and label not in votes), key=str.casefold)


def class_rows(
    counts: Mapping[str, int], decision: Decision | None, colour: Colour, given: Mapping[int, str] | None = None
) -> list[ClassRow]:
    """The rows of the class list. ``given`` digits belong to their classes; the first classes get those that are
    left. Classes without a vote have no colour."""
    shares = list(decision.shares) if decision is not None else []
    colours = {label: colour(label, shares) for label in shares}
    level = decision.level if decision is not None else 0
    ordered = ordered_classes(counts, decision)
    there = set(ordered)
    own = {label: digit for digit, label in (given or {}).items() if label in there}
    free = [digit for digit in range(1, KEYS + 1) if digit not in own.values()]
    digits = own | dict(zip((label for label in ordered if label not in own), free, strict=False))
    return [
        ClassRow(
            label=label,
            colour=colours.get(at_level(label, level)),
            key=str(digits.get(label, "")),
            count=counts.get(label, 0),
        )
        for label in ordered
    ]
