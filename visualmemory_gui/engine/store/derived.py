"""Values computed from the memory (thresholds, kept runs), with the change number they were computed at."""

from __future__ import annotations

from visualmemory_gui.engine.store.database import Database

STUDIED = "studied"
"""Name of the value that tells what the runs that derived trust have seen: exemplars up to this id. See ``studied``."""


class Derived:
    """Everything here but the note of a forget under way can be computed again, and goes with any exemplar."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> tuple[str, int] | None:
        """The JSON text and the change number it holds for."""
        found = self._database.maybe("select json, change from derived where name = ?", (name,))
        return None if found is None else (found[0], found[1])

    def all(self, prefix: str) -> dict[str, str]:
        """The JSON texts of the values whose names begin with ``prefix``, by name."""
        found = self._database.rows(
            "select name, json from derived where substr(name, 1, ?1) = ?2 order by name", (len(prefix), prefix)
        )
        return dict(found)

    def put(self, name: str, json: str, change: int) -> None:
        with self._database.atomic():
            self._database.execute(
                "insert or replace into derived values (?1, ?2, ?3, seal(?1, ?2, ?3))", (name, json, change)
            )

    def drop(self, name: str) -> None:
        with self._database.atomic():
            self._database.execute("delete from derived where name = ?", (name,))

    def clear(self, *, but: str = "") -> None:
        """Drop everything except ``but``, and what ``studied`` itself drops when it is time."""
        with self._database.atomic():
            self._database.execute("delete from derived where name not in (?, ?)", (but, STUDIED))
