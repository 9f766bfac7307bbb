"""Tables whose rows carry a checksum over their columns: every row of them is written, rewritten and deleted here.

So no edit forgets the checksum, the table's tally in ``ledger``, or to check the old checksum first: a damaged row is
never given a checksum that fits the damage. For the table ``exemplars``, whose checksum spells out label and source,
the module ``exemplars`` does the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.store.checksum import seal
from visualmemory_gui.engine.store.tables import PART

if TYPE_CHECKING:
    from visualmemory_gui.engine.store.database import Database, Params, Row


@dataclass(frozen=True, slots=True, eq=False)
class SealedTable:
    """``columns`` are under the checksum, in this order; ``key`` are those that name a row. The ``PART`` columns follow
    them in a table ``with_parts``: the checksum covers them where one of them holds anything, so that it is as it was
    before there were parts.

    All of it happens within the open transaction. Values are given as SQLite keeps them: a float in a real column.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    with_parts: bool = False

    @property
    def all_columns(self) -> tuple[str, ...]:
        return (*self.columns, *PART) if self.with_parts else self.columns

    def seal(self, row: Sequence[Any]) -> int:
        """The checksum of a row of ``all_columns``, or of ``columns`` alone."""
        if not self.with_parts:
            return seal(*row)
        is_part = any(value is not None for value in row[len(self.columns) :])
        return seal(*(row if is_part else row[: len(self.columns)]))

    def insert(self, database: Database, rows: Iterable[Params]) -> None:
        """Insert ``rows`` of ``all_columns``."""
        sealed: list[Params] = []
        come: list[int] = []
        for row in rows:
            checksum = self.seal(row)
            sealed.append((*row, checksum))
            come.append(checksum)
        database.many(_insert(self), sealed)
        database.ledger.weigh(self.name, come=come)

    def insert_new(self, database: Database, rows: Iterable[Params]) -> list[Row]:
        """As ``insert``, but skips rows that are there already, by what must be unique; returns the new keys."""
        sql = f"{_insert(self)} on conflict do nothing returning {', '.join(self.key)}, checksum"
        found = database.many(sql, [(*row, self.seal(row)) for row in rows])
        database.ledger.weigh(self.name, come=[row[-1] for row in found])
        return [row[:-1] for row in found]

    def whole(self, database: Database, where: str, params: Params = ()) -> list[Row]:
        """``all_columns`` of the rows that match. Raises DamagedMemory where a checksum does not match its row."""
        return [columns for _, columns, _ in self._read(database, where, params)]

    def rewrite(self, database: Database, where: str, params: Params, **values: object) -> list[Row]:
        """Give the rows that match the new ``values``; returns their keys. Raises DamagedMemory as ``whole``."""
        found = self._read(database, where, params)
        new = [
            tuple(values.get(name, old) for name, old in zip(self.all_columns, row, strict=True)) for _, row, _ in found
        ]
        come = [self.seal(row) for row in new]
        sets = ", ".join(f"{name} = ?" for name in (*values, "checksum"))
        database.many(
            f"update {self.name} set {sets} where {' and '.join(f'{name} = ?' for name in self.key)}",
            [(*values.values(), checksum, *key) for checksum, (key, _, _) in zip(come, found, strict=True)],
        )
        database.ledger.weigh(self.name, come=come, gone=[checksum for _, _, checksum in found])
        return [key for key, _, _ in found]

    def delete(self, database: Database, where: str, params: Iterable[Params] = ((),)) -> list[Row]:
        """Delete the rows that match ``where`` for each of ``params``, damaged or not; returns their keys."""
        sql = f"delete from {self.name} where {where} returning {', '.join(self.key)}, checksum"
        found = database.many(sql, params)
        database.ledger.weigh(self.name, gone=[row[-1] for row in found])
        return [row[:-1] for row in found]

    def damaged(self, database: Database) -> list[Row]:
        """The keys of the rows whose checksum does not match."""
        fitting = self.seal_sql(has_parts=database.has_parts)
        return database.rows(f"select {', '.join(self.key)} from {self.name} where checksum is not {fitting}")

    def seal_sql(self, *, has_parts: bool) -> str:
        """The checksum of a row, as SQL."""
        short, whole = f"seal({', '.join(self.columns)})", f"seal({', '.join(self.all_columns)})"
        if not (self.with_parts and has_parts):
            return short
        return f"case when {' and '.join(f'{name} is null' for name in PART)} then {short} else {whole} end"

    def named(self, key: Row) -> str:
        """The name of the row in messages."""
        return f"{self.name} {'/'.join(map(str, key))}"

    def _read(self, database: Database, where: str, params: Params) -> list[tuple[Row, Row, int]]:
        """Key, columns and checksum of each row."""
        keys = len(self.key)
        sql = f"select {', '.join((*self.key, *self.all_columns))}, checksum from {self.name} where {where}"
        found = [(row[:keys], row[keys:-1], row[-1]) for row in database.rows(sql, params)]
        for key, columns, checksum in found:
            if self.seal(columns) != checksum:
                raise damaged_row(database, self.named(key))
        return found


@cache
def _insert(table: SealedTable) -> str:
    marks = ", ".join("?" * (len(table.all_columns) + 1))
    return f"insert into {table.name} ({', '.join(table.all_columns)}, checksum) values ({marks})"


def damaged_row(database: Database, row: str) -> DamagedMemory:
    """The error of an edit that was refused because ``row`` is not what was written."""
    return DamagedMemory(
        f"{database.path} is damaged: the checksum of {row} does not match, so nothing was changed. "
        "'visualmemory verify' names all damage; restore the memory from a backup or an export."
    )


_IMAGE = ("source", "content", "sha256", "thumbnail", "vector", "time")

LABELS = SealedTable("labels", ("id",), ("path",))
STEPS = SealedTable("steps", ("number",), ("number", "kind", "state", "position", "time", "touched", "total"))
ENTRIES = SealedTable("entries", ("step", "exemplar", "field"), ("step", "exemplar", "field", "before", "after"))
SETTINGS = SealedTable("settings", ("name",), ("name", "value"))
DERIVED = SealedTable("derived", ("name",), ("name", "json", "change"))
QUERIES = SealedTable("queries", ("id",), _IMAGE, with_parts=True)
QUEUE = SealedTable("queue", ("id",), (*_IMAGE, "width", "height", "suffix"), with_parts=True)
WATCH = SealedTable("watch", ("id",), (*_IMAGE, "label_id"), with_parts=True)
TAGS = SealedTable("tags", ("name",), ("name", "step", "position", "change", "time"))
KEPT = SealedTable("kept", ("id",), ("kind", "exemplar", "other", "seen"))
KEYS = SealedTable("keys", ("digit",), ("digit", "label_id"))

SEALED: tuple[SealedTable, ...] = (
    LABELS, STEPS, ENTRIES, SETTINGS, DERIVED, QUERIES, QUEUE, WATCH, TAGS, KEPT, KEYS,
)  # fmt: skip
