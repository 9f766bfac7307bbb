"""Values computed from the memory (thresholds, kept runs), with the change number they were computed at."""

from __future__ import annotations

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.store.database import RESTORE, Database
from visualmemory_gui.engine.store.sealed_table import DERIVED

_WHOLE = "checksum = seal(name, json, change)"

STUDIED = "studied"
"""Name of the value: up to which id the runs that derived trust have seen the exemplars. See ``derived_trust``."""


class Derived:
    """Values by name. All but the note of a forget in progress can be computed again, and go with any exemplar."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> tuple[str, int] | None:
        """The JSON text and the change number it is valid for; None if damaged too, so that it is computed again."""
        found = self._database.maybe(f"select json, change from derived where name = ? and {_WHOLE}", (name,))
        return None if found is None else (found[0], found[1])

    def require_whole(self, name: str) -> None:
        """Raise DamagedMemory where the value of that name is damaged: for values that cannot be computed again."""
        if self._database.maybe(f"select 1 from derived where name = ? and not {_WHOLE}", (name,)):
            raise DamagedMemory(f"{self._database.path} is damaged: its note of {name!r} cannot be read. {RESTORE}")

    def all(self, prefix: str) -> dict[str, str]:
        """The JSON texts of the values whose names begin with ``prefix``, by name, but for damaged ones."""
        found = self._database.rows(
            f"select name, json from derived where substr(name, 1, ?1) = ?2 and {_WHOLE} order by name",
            (len(prefix), prefix),
        )
        return dict(found)

    def put(self, name: str, json: str, change: int) -> None:
        with self._database.atomic():
            DERIVED.delete(self._database, "name = ?", [(name,)])
            DERIVED.insert(self._database, [(name, json, change)])

    def drop(self, name: str) -> None:
        with self._database.atomic():
            DERIVED.delete(self._database, "name = ?", [(name,)])

    def clear(self, *, but: str = "") -> None:
        """Drop everything except ``but``, and ``STUDIED``, which ``purge`` drops when it is time."""
        with self._database.atomic():
            DERIVED.delete(self._database, "name not in (?, ?)", [(but, STUDIED)])
