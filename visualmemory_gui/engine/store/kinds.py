"""Values that are of the kind their column declares. SQLite's strict tables see to that when it writes, not when it
reads: a file that something else wrote may hold a text in the place of a number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw

from visualmemory_gui.engine.errors import DamagedMemory

_KINDS = {"INTEGER": int, "REAL": float, "TEXT": str, "BLOB": bytes}
_REMEMBERED = 500  # statements

_Checks = tuple[tuple[int, str, type], ...]  # place in the row, name of the column, kind


class Kinds:
    """Checks what the statements of one connection read. ``path`` is named where something does not fit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._checks: dict[str, _Checks] = {}

    def checked(self, sql: str, cursor: apsw.Cursor) -> list[tuple[Any, ...]]:
        """All rows of ``cursor``, which runs ``sql``. Raises DamagedMemory; no value at all fits every column."""
        checks = self._checks.get(sql)
        if checks is None:
            checks = self._checks_of(sql, cursor)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        for place, column, kind in checks if rows else ():
            if not {type(row[place]) for row in rows} <= {kind, type(None)}:
                raise DamagedMemory(
                    f"{self._path} is damaged: a value of {column} is of another kind than the column. "
                    "Restore it from a backup or an export."
                )
        return rows

    def _checks_of(self, sql: str, cursor: apsw.Cursor) -> _Checks:
        try:
            described = cursor.description_full
        except apsw.ExecutionCompleteError:  # no rows this time
            return ()
        checks = tuple(
            (place, f"{table}.{origin}", _KINDS[declared])
            for place, (_, declared, _, table, origin) in enumerate(described)
            if declared in _KINDS
        )
        if len(self._checks) < _REMEMBERED:
            self._checks[sql] = checks
        return checks
