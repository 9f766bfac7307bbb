"""Rows of ``exemplars`` as edits read and write them: with the checksum each is stored under."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from visualmemory_gui.engine.store.database import Database, Params
from visualmemory_gui.engine.store.exemplar_row import Row, select_stored
from visualmemory_gui.engine.store.sealed_table import damaged_row
from visualmemory_gui.engine.store.writer import Writer


class Stored(NamedTuple):
    """A row, and the checksum that is stored with it."""

    checksum: int
    row: Row

    @property
    def whole(self) -> bool:
        return self.row.checksum == self.checksum


class Change(NamedTuple):
    """What a row becomes; ``values`` are those of the columns that are written, as SQLite keeps them."""

    before: Stored
    after: Row
    values: tuple[Any, ...]


def read(database: Database, where: str, params: Iterable[Params] = ((),)) -> list[Stored]:
    """The rows that match ``where`` (of ``exemplars e``) for each of ``params``, damaged or not."""
    found = database.many(f"{select_stored(database)} where {where}", params)
    return [Stored(row[0], Row._make(row[1:])) for row in found]


def require_whole(database: Database, rows: Iterable[Stored]) -> None:
    """Raise DamagedMemory where a checksum does not match: rewriting the row would give it one that does."""
    for stored in rows:
        if not stored.whole:
            raise damaged_row(database, f"exemplar {stored.row.id}")


def rewrite(database: Database, writer: Writer, columns: Sequence[str], changes: Sequence[Change]) -> None:
    """Write ``columns``, the change number and the checksum of each row, which was whole before."""
    if not changes:
        return
    params, gone, come = list[Params](), list[int](), list[int]()
    for before, after, values in changes:
        checksum = after.checksum
        params.append((*values, writer.change, checksum, after.id))
        gone.append(before.checksum)
        come.append(checksum)
    database.many(_update(tuple(columns)), params)
    for change in changes:
        writer.written.note(change.after)
    writer.weigh(gone=gone, come=come)


@cache
def _update(columns: tuple[str, ...]) -> str:
    sets = ", ".join(f"{name} = ?" for name in (*columns, "change", "checksum"))
    return f"update exemplars set {sets} where id = ?"
