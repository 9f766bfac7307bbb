"""Where the user was when the window closed, kept for the next start.

Numbers of exemplars and queries are kept, no label and no content: what is forgotten leaves no trace outside the
memory.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Literal

from visualmemory_gui.app.models.query import Query, query_of, queued_query, recent_queries
from visualmemory_gui.engine.errors import VisualMemoryError

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

Source = Literal["", "recent", "exemplar", "queued"]


@dataclass(frozen=True, slots=True)
class LastPlace:
    """``memory`` is its path, "" for none. ``source`` and ``number`` say which query was decided.

    In Curate ``top`` is the first exemplar in sight, 0 for none, and ``depth`` how many parts of its label were chosen
    in the tree: 0 for all classes, -1 for the struck ones.
    """

    memory: str = ""
    readonly: bool = False
    workspace: str = "decide"
    page: str = ""
    source: Source = ""
    number: int = 0
    top: int = 0
    depth: int = 0

    def text(self) -> str:
        """This place as the settings file keeps it."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> LastPlace | None:
        """The place that ``text`` says; None if it says none."""
        try:
            found = json.loads(text)
            place = cls(**found)
        except (ValueError, TypeError, RecursionError):
            return None
        kinds = {field.name: type(field.default) for field in fields(cls)}
        return place if all(type(found[name]) is kinds[name] for name in found) else None


def source_of(query: Query | None) -> tuple[Source, int]:
    """Which query it is; ("", 0) for one that cannot be found again."""
    if query is None:
        return "", 0
    if query.exemplar is not None:
        return "exemplar", query.exemplar
    if query.queued is not None:
        return "queued", query.queued
    return ("recent", query.recent) if query.recent is not None else ("", 0)


def query_at(memory: Memory, place: LastPlace) -> Query | None:
    """The query that was decided; None if it is gone."""
    try:
        if place.source == "exemplar":
            return query_of(memory, place.number)
        if place.source == "queued":
            return queued_query(memory, place.number)
    except (LookupError, VisualMemoryError):
        return None
    return next((each for each in recent_queries(memory) if place.source and each.recent == place.number), None)


def class_at(memory: Memory, place: LastPlace) -> str | None:
    """The class that was shown in Curate, under its present name; None for all, or if it is gone."""
    if not place.top or place.depth <= 0:
        return None
    try:
        [row] = memory.catalog.get([place.top])
    except (LookupError, ValueError, VisualMemoryError):
        return None
    return "/".join(row.label.split("/")[: place.depth])
