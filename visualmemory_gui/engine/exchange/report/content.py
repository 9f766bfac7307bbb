"""What stands in the report of a decision, however it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from visualmemory_gui.engine.types import Neighbour


@dataclass(frozen=True, slots=True)
class Asked:
    """The query: what it is called, its thumbnail (JPEG), its path, and what it ought to be where that is said."""

    name: str
    thumbnail: bytes | None
    source: str | None = None
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class ReportCard:
    """A neighbour as the report shows it; ``source`` only where paths are kept."""

    neighbour: Neighbour
    label: str
    thumbnail: bytes | None
    source: str | None


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """All that stands in the document. ``facts`` are settings in words, ``edits`` the newest steps of the history as
    (time, name, state)."""

    asked: Asked
    headline: str
    sentences: tuple[str, ...]
    shares: Mapping[str, float]
    cards: tuple[ReportCard, ...]
    facts: tuple[tuple[str, str], ...]
    edits: tuple[tuple[str, str, str], ...]
    more_edits: int
    made: str
