"""The content of the report on a decision, in whatever format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from visualmemory_gui.engine.types import Neighbour

NO_EDITS = "None since the memory was made."


@dataclass(frozen=True, slots=True)
class Asked:
    """The query: its name, its thumbnail (JPEG), its path, and its expected label, if given."""

    name: str
    thumbnail: bytes | None
    source: str | None = None
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class ReportCard:
    """A neighbour as the report shows it; ``source`` only if paths are kept."""

    neighbour: Neighbour
    label: str
    thumbnail: bytes | None
    source: str | None


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """Everything in the document. ``facts`` are settings in words, ``edits`` the latest steps of the history as
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

    @property
    def edit_rows(self) -> tuple[tuple[str, str], ...]:
        """Time and name of each edit, and its state in brackets where it is not in force."""
        return tuple((when, name if state == "done" else f"{name} ({state})") for when, name, state in self.edits)
