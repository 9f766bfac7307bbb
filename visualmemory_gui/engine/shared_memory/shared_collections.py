"""The collections that hold a shared memory: their columns, their names, and which of them count.

``NAME_meta`` keeps its name as long as the memory exists. The others begin with ``NAME`` too, until they are rebuilt:
then with another name, which ``NAME_meta`` says. A collection without vectors cannot be loaded: three carry a dummy.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.shared_memory.server import LONGEST_TEXT, ServerColumn, ServerColumns

_DUMMY = ServerColumn("vector", 2)
NOTHING = np.array([1.0, 0.0], np.float32)
"""The dummy of every row."""
META = ServerColumns(
    "name", {"name": ServerColumn("text", 200), "value": ServerColumn("text", LONGEST_TEXT), "dummy": _DUMMY}
)
IMAGES = ServerColumns(
    "id", {"id": ServerColumn("int"), "thumbnail": ServerColumn("text", LONGEST_TEXT), "dummy": _DUMMY}
)
LABELS = ServerColumns(
    "label_id",
    {
        "label_id": ServerColumn("int"),
        "path": ServerColumn("text", 1000),
        "active": ServerColumn("int"),
        "dummy": _DUMMY,
    },
)


@dataclass(frozen=True, slots=True)
class Bases:
    """What the names of the collections begin with: ``now`` those that are whole and count; ``other`` those that are
    being filled, or are to be dropped, if any."""

    now: str
    other: str | None = None

    @classmethod
    def of(cls, collection: str, kept: object) -> Bases:
        """As ``to_dict`` gave it; that of a memory that was never rebuilt for None. Raises ValueError for a name that
        is not one of this memory."""
        if kept is None:
            return cls(collection)
        if not isinstance(kept, dict):
            raise ValueError(kept)
        found = cls(str(kept.get("now")), kept.get("other"))
        for base in (found.now, found.other):
            if base is not None and not re.fullmatch(f"{re.escape(collection)}(_[0-9a-f]{{8}})?", str(base)):
                raise ValueError(base)
        return found

    def to_dict(self) -> dict[str, str | None]:
        return {"now": self.now, "other": self.other}


def new_base(collection: str) -> str:
    """One that no collections have had."""
    return f"{collection}_{secrets.token_hex(4)}"
