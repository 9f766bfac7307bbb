"""Names for states of the memory, to come back to and to compare with."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from visualmemory_gui.engine.arguments import text
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.moment import moment
from visualmemory_gui.engine.store.sealed_table import TAGS
from visualmemory_gui.engine.text.visible_text import cannot_be_shown

LONGEST = 100

_AHEAD = """select t.name from tags t join steps s on s.number = t.step
    where s.state = 'undone' order by t.time, t.name"""


@dataclass(frozen=True, slots=True)
class Tag:
    """The state after ``step`` (None: before any), at ``time`` in seconds since the epoch."""

    name: str
    step: int | None
    position: int
    time: float


class Tags:
    """The names that states of a memory were given."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str, *, move: bool = False) -> Tag:
        """Name the present state. Raises BadValue for a name that another state has, unless it may ``move`` here.

        A name that reads as a step or a time is refused, since any of the three may be given to name a state.
        Raises DamagedMemory too.
        """
        with self._database.atomic():
            there = self.get(name)
            top = self._database.maybe(
                "select number, position from steps where state = 'done' order by position desc limit 1"
            )
            tag = new_tag(name, top, there, move=move)
            if tag is there:
                return tag
            change = self._database.ledger.change
            values = {"step": tag.step, "position": tag.position, "change": change, "time": tag.time}
            if not TAGS.rewrite(self._database, "name = ?", (tag.name,), **values):
                TAGS.insert(self._database, [(tag.name, *values.values())])
        return tag

    def all(self) -> list[Tag]:
        """All tags, the oldest first."""
        return all_tags(self._database)

    def get(self, name: str) -> Tag | None:
        return tag_of(self._database, name)

    def drop(self, name: str) -> None:
        with self._database.atomic():
            remove(self._database, [clean(name)])


def all_tags(database: Database) -> list[Tag]:
    """All tags in the table ``tags``, the oldest first."""
    return [Tag(*row) for row in database.rows("select name, step, position, time from tags order by time, name")]


def tag_of(database: Database, name: str) -> Tag | None:
    """The tag of that name in the table ``tags``."""
    found = database.maybe("select name, step, position, time from tags where name = ?", (clean(name),))
    return None if found is None else Tag(*found)


def new_tag(name: str, top: tuple[int, int] | None, there: Tag | None, *, move: bool) -> Tag:
    """The tag ``name`` of the state after ``top``, the number and position of the last step that is done; ``there``,
    that of this name, if it names this state already. Raises BadValue, see ``Tags.put``."""
    name = clean(name)
    if moment(name) is not None:
        raise BadValue(f"{name!r} reads as a step or a time; choose a name that is neither")
    step, position = top if top is not None else (None, 0)
    if there is not None and (there.step, there.position) == (step, position):
        return there
    if there is not None and not move:
        after = f"after step {there.step}" if there.step is not None else "before the first step"
        raise BadValue(f"the tag {name!r} names the state {after} already; to name this one, move the tag")
    return Tag(name, step, position, time.time())


def remove(database: Database, names: Iterable[str]) -> None:
    """Remove the tags ``names``, inside the caller's transaction."""
    TAGS.delete(database, "name = ?", [(name,) for name in names])


def ahead(database: Database) -> tuple[str, ...]:
    """Names of states that were undone and that redo leads to, the oldest first."""
    return tuple(row[0] for row in database.rows(_AHEAD))


def clean(name: str) -> str:
    """The name as it is stored. Raises BadValue for one that is empty, too long or cannot be shown."""
    found = unicodedata.normalize("NFC", text(name, "a tag")).strip()
    if not found or len(found) > LONGEST:
        raise BadValue(f"a tag has 1 to {LONGEST} characters")
    if cannot_be_shown(found):
        raise BadValue(f"{found!r} has a character that cannot be shown")
    return found
