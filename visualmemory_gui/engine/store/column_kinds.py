"""Checks that values are of the kind their column declares. SQLite's strict tables ensure that on writing, not on
reading: a file written by something else may hold text in place of a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import apsw

_KINDS: dict[str, tuple[type, ...]] = {"INTEGER": (int,), "REAL": (float,), "TEXT": (str,), "BLOB": (bytes,)}
_PATH, _VALUE = (str, bytes), (int, float)
_OF_ANY = {"source": _PATH, "path": _PATH, "before": _VALUE, "after": _VALUE}  # columns that are declared ANY
_REMEMBERED = 500  # statements

_Signature = tuple[type, ...]  # the kinds of a row's values


@dataclass(slots=True)
class Columns:
    """What one statement reads: place, name and kinds of each column that declares one; signatures known to fit."""

    kinds: tuple[tuple[int, str, tuple[type, ...]], ...] = ()
    fitting: set[_Signature] = field(default_factory=set)

    def misfit(self, rows: Sequence[tuple[Any, ...]]) -> str | None:
        """The first column in which one of ``rows``, of which there are some, holds a value of another kind."""
        if not self.kinds or (len(rows) == 1 and tuple(map(type, rows[0])) in self.fitting):
            return None
        for signature in {tuple(map(type, row)) for row in rows} - self.fitting:
            for place, name, kinds in self.kinds:
                if signature[place] not in kinds:
                    return name
            self.fitting.add(signature)
        return None


class Kinds:
    """The columns of the statements of one connection."""

    def __init__(self) -> None:
        self._columns: dict[str, Columns] = {}

    def of(self, sql: str, cursor: apsw.Cursor) -> Columns:
        """Those of ``cursor``, which runs ``sql`` and of which no row was fetched yet."""
        return self._columns.get(sql) or self._described(sql, cursor)

    def _described(self, sql: str, cursor: apsw.Cursor) -> Columns:
        try:
            described = cursor.description_full
        except apsw.ExecutionCompleteError:  # no rows, this time or ever
            return Columns() if _may_give_rows(sql) else self._remember(sql, Columns())
        kinds = []
        for place, (name, declared, _, table, origin) in enumerate(described):
            if fit := _OF_ANY.get(origin) if declared == "ANY" else _KINDS.get(declared):
                # The result of a join or subquery has another name, and may be missing.
                required = name == origin and cursor.connection.column_metadata(None, table, origin)[2]
                kinds.append((place, f"{table}.{origin}", fit if required else (*fit, type(None))))
        return self._remember(sql, Columns(tuple(kinds)))

    def _remember(self, sql: str, columns: Columns) -> Columns:
        if len(self._columns) < _REMEMBERED:
            self._columns[sql] = columns
        return columns


def _may_give_rows(sql: str) -> bool:
    return sql.lstrip().startswith(("select", "pragma")) or " returning " in sql
