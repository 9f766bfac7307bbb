"""Checks that values are of the kind their column declares. SQLite's strict tables ensure that on writing, not on
reading: a file written by something else may hold text in place of a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from visualmemory_gui.engine.errors import DamagedMemory

_KINDS: dict[str, tuple[type, ...]] = {"INTEGER": (int,), "REAL": (float,), "TEXT": (str,), "BLOB": (bytes,)}
_PATH, _VALUE = (str, bytes), (int, float)
_OF_ANY = {"source": _PATH, "path": _PATH, "before": _VALUE, "after": _VALUE}  # columns that are declared ANY
_REMEMBERED = 500  # statements

_Signature = tuple[type, ...]  # the kinds of a row's values


@dataclass(slots=True)
class _Columns:
    """What one statement reads: place, name and kinds of each column that declares one; signatures known to fit."""

    kinds: tuple[tuple[int, str, tuple[type, ...]], ...] = ()
    fitting: set[_Signature] = field(default_factory=set)

    def misfit(self, signature: _Signature) -> str | None:
        """The first column whose value is of another kind."""
        return next((name for place, name, kinds in self.kinds if signature[place] not in kinds), None)


class Kinds:
    """Checks what the statements of one connection read. Its errors name ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._columns: dict[str, _Columns] = {}

    def checked(self, sql: str, cursor: apsw.Cursor) -> list[tuple[Any, ...]]:
        """All rows of ``cursor``, which runs ``sql``. Raises DamagedMemory."""
        columns = self._columns.get(sql) or self._described(sql, cursor)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        if rows and columns.kinds:
            if len(rows) == 1 and tuple(map(type, rows[0])) in columns.fitting:
                return rows
            for signature in {tuple(map(type, row)) for row in rows} - columns.fitting:
                if name := columns.misfit(signature):
                    raise DamagedMemory(
                        f"{self._path} is damaged: a value of {name} is not of the kind its column declares. "
                        "Restore it from a backup or an export."
                    )
                columns.fitting.add(signature)
        return rows

    def _described(self, sql: str, cursor: apsw.Cursor) -> _Columns:
        try:
            described = cursor.description_full
        except apsw.ExecutionCompleteError:  # no rows, this time or ever
            return _Columns() if _may_give_rows(sql) else self._remember(sql, _Columns())
        kinds = []
        for place, (name, declared, _, table, origin) in enumerate(described):
            if fit := _OF_ANY.get(origin) if declared == "ANY" else _KINDS.get(declared):
                # The result of a join or subquery has another name, and may be missing.
                required = name == origin and cursor.connection.column_metadata(None, table, origin)[2]
                kinds.append((place, f"{table}.{origin}", fit if required else (*fit, type(None))))
        return self._remember(sql, _Columns(tuple(kinds)))

    def _remember(self, sql: str, columns: _Columns) -> _Columns:
        if len(self._columns) < _REMEMBERED:
            self._columns[sql] = columns
        return columns


def _may_give_rows(sql: str) -> bool:
    return sql.lstrip().startswith(("select", "pragma")) or " returning " in sql
