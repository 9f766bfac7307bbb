"""Names for states of the memory, to come back to and to compare with."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.sealed import TAGS

LONGEST = 100


@dataclass(frozen=True, slots=True)
class Tag:
    """The state after ``step`` (None: before any), at ``time`` in seconds since the epoch."""

    name: str
    step: int | None
    position: int
    time: float


class Tags:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str) -> Tag:
        """Name the present state; a name that is there already moves here. Raises BadValue, DamagedMemory."""
        name = clean(name)
        with self._database.atomic():
            top = self._database.maybe(
                "select number, position from steps where state = 'done' order by position desc limit 1"
            )
            step, position = top if top is not None else (None, 0)
            change = self._database.ledger.change
            tag = Tag(name, step, position, time.time())
            values = {"step": step, "position": position, "change": change, "time": tag.time}
            if not TAGS.rewrite(self._database, "name = ?", (name,), **values):
                TAGS.insert(self._database, [(name, *values.values())])
        return tag

    def all(self) -> list[Tag]:
        """The oldest first."""
        found = self._database.rows("select name, step, position, time from tags order by time, name")
        return [Tag(*row) for row in found]

    def get(self, name: str) -> Tag | None:
        found = self._database.maybe("select name, step, position, time from tags where name = ?", (clean(name),))
        return None if found is None else Tag(*found)

    def drop(self, name: str) -> None:
        with self._database.atomic():
            TAGS.delete(self._database, "name = ?", [(clean(name),)])


def clean(name: str) -> str:
    """The name as it is stored. Raises BadValue on one that is empty, too long or cannot be shown."""
    found = unicodedata.normalize("NFC", name).strip()
    if not found or len(found) > LONGEST:
        raise BadValue(f"a tag has 1 to {LONGEST} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in found):
        raise BadValue(f"{found!r} has a character that cannot be shown")
    return found
