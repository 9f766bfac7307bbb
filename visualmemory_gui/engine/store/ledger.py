"""The row of ``meta``: the encoder, the change number, and how many rows each sealed table holds, with their digest.

A row that is gone altogether has no checksum that could fail; count and digest reveal it. The digest is the sum of the
checksums as they are stored, the same in any order, so an edit adds those of new rows and subtracts those of old ones.
That holds for damaged rows too: deleting one subtracts the checksum that ``verify`` would have counted.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.store.checksum import added, seal
from visualmemory_gui.engine.store.sealed_table import SEALED
from visualmemory_gui.engine.store.tables import META

if TYPE_CHECKING:
    from visualmemory_gui.engine.store.database import Database, Row

_ENCODER = "encoder, dim, weights_sha256, preprocess"
_EXEMPLARS = "exemplars"
_UPDATE = """update meta set encoder = ?, dim = ?, weights_sha256 = ?, preprocess = ?, change = ?, count = ?,
    digest = ?, tables = ?, checksum = ?"""
_Encoder = tuple[str, int, str, str]  # name, dim, weights_sha256, preprocess
_OTHERS = tuple(table.name for table in SEALED)
_JSON = "{" + ",".join(f'"{name}":[%d,%d]' for name in _OTHERS) + "}"


class Tally(NamedTuple):
    """How many rows a table holds, and the sum of their checksums modulo 2^64."""

    rows: int
    digest: int


EMPTY = Tally(0, 0)


@dataclass(slots=True)
class _Row:
    encoder: _Encoder
    change: int
    tallies: dict[str, Tally]

    def columns(self) -> tuple[object, ...]:
        """encoder, dim, weights_sha256, preprocess, change, count, digest, tables: what the checksum is over."""
        return (*self.encoder, self.change, *self.tallies[_EXEMPLARS], as_json(self.tallies))

    def copy(self) -> _Row:
        return _Row(self.encoder, self.change, dict(self.tallies))


class Ledger:
    """The row of ``meta`` within the open transaction: read, and its checksum compared, when it is first needed;
    written once, before the commit. Everything that writes or deletes a row with a checksum reports it here."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._now: _Row | None = None  # None until this transaction needs it
        self._touched = False
        self._whole: tuple[Row, _Row] | None = None  # as it was last read or written: that need not be checked again

    @property
    def change(self) -> int:
        """The change number, as this transaction has made it. Raises DamagedMemory."""
        return self._row().change

    @property
    def next_change(self) -> int:
        """The change number that this transaction makes, where it changes exemplars. Raises DamagedMemory."""
        return self._row().change + 1

    def change_now(self) -> int:
        """The same for a reader, whatever is damaged: outside of a transaction as it was committed last."""
        with self._database.lock:
            now = self._now
            return int(_first(self._database, "select change from meta")[0]) if now is None else now.change

    @property
    def dim(self) -> int:
        return self._row().encoder[1]

    def advance(self, change: int) -> None:
        """Make ``change`` the memory's change number."""
        self._row().change, self._touched = change, True

    def set_encoder(self, encoder: _Encoder) -> None:
        """Make ``encoder`` the one whose vectors the memory holds."""
        self._row().encoder, self._touched = encoder, True

    def weigh(self, table: str, *, come: Collection[int] = (), gone: Collection[int] = ()) -> None:
        """Rows with the stored checksums ``come`` were added to ``table``, those with ``gone`` removed.

        Raises DamagedMemory where ``meta`` itself was damaged: a new checksum would hide it.
        """
        if not come and not gone:
            return
        tallies = self._row().tallies
        rows, digest = tallies[table]
        total = added(digest, *come) if not gone else added(digest, *come, *map(int.__neg__, gone))
        tallies[table], self._touched = Tally(rows + len(come) - len(gone), total), True

    def state(self) -> _Row | None:
        """The state that ``go_back`` takes."""
        return None if self._now is None else self._now.copy()

    def go_back(self, state: _Row | None) -> None:
        """Return to ``state``, after part of the transaction was rolled back to it."""
        self._now = state

    def save(self) -> None:
        """Write the row, if anything was weighed."""
        if self._now is None or not self._touched:
            return
        columns = self._now.columns()
        checksum = seal(*columns)
        self._database.execute(_UPDATE, (*columns, checksum))
        self._whole = (*columns, checksum), self._now

    def close(self) -> None:
        """The transaction is over: the next one reads the row again."""
        self._now, self._touched = None, False

    def _row(self) -> _Row:
        if self._now is None:
            found = _first(self._database, f"select {_ENCODER}, change, count, digest, tables, checksum from meta")
            if self._whole is None or self._whole[0] != found:
                self._whole = found, _checked(self._database, found)
            self._now = self._whole[1].copy()
        return self._now


def begin(database: Database, encoder: _Encoder, *, change: int = 0, exemplars: Tally = EMPTY) -> None:
    """Write the row of a new memory. The other tables are counted as they are."""
    tallies = {name: tally_of(database, name) for name in _OTHERS}
    columns = _Row(encoder, change, {_EXEMPLARS: exemplars, **tallies}).columns()
    database.execute("insert into meta values (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*columns, seal(*columns)))


def rebuild(database: Database) -> None:
    """Make the row of format 3 from that of the formats before. Raises DamagedMemory where that is not whole."""
    *columns, checksum = _first(database, f"select {_ENCODER}, change, count, digest, checksum from meta")
    if seal(*columns) != checksum:
        raise _damaged(database)
    name, dim, weights, preprocess, change, count, digest = columns
    database.execute("drop table meta")
    database.execute(META)
    begin(database, (name, dim, weights, preprocess), change=change, exemplars=Tally(count, digest))


def as_json(tallies: Mapping[str, Tally]) -> str:
    """As ``meta.tables`` keeps them: ``{"labels":[2,-123],...}``. Written out: each edit pays for it."""
    return _JSON % tuple(chain.from_iterable(map(tallies.__getitem__, _OTHERS)))


def tally_of(database: Database, table: str) -> Tally:
    """Counted from the rows themselves. SQLite adds 64 bits without overflow in two halves."""
    whole = "cast(checksum as integer)"
    sql = f"select count(checksum), sum({whole} >> 32), sum({whole} & 0xffffffff) from {table}"
    count, high, low = database.one(sql)
    return Tally(count, added(0, ((high or 0) << 32) + (low or 0)))


def stored_tallies(database: Database) -> dict[str, Tally]:
    """What ``meta`` says of each table, whether or not its checksum fits; of the exemplars alone before format 3."""
    columns = "count, digest, tables" if _has_tables(database) else "count, digest"
    return _parsed(database, *_first(database, f"select {columns} from meta"))


def is_whole(database: Database) -> bool:
    """Whether the checksum of the row fits. Raises DamagedMemory where there is none."""
    columns = f"{_ENCODER}, change, count, digest" + (", tables" if _has_tables(database) else "")
    return bool(_first(database, f"select checksum is seal({columns}) from meta")[0])


def _has_tables(database: Database) -> bool:
    return bool(database.one("select count(*) from pragma_table_info('meta') where name = 'tables'")[0])


def _checked(database: Database, found: Row) -> _Row:
    """The row, parsed. Raises DamagedMemory where its checksum does not fit."""
    *columns, checksum = found
    if seal(*columns) != checksum:
        raise _damaged(database)
    name, dim, weights, preprocess, change, *tallies = columns
    return _Row((name, dim, weights, preprocess), change, _parsed(database, *tallies))


def _first(database: Database, sql: str) -> Row:
    found = database.maybe(sql)
    if found is None:
        raise _damaged(database)
    return found


def _parsed(database: Database, count: int, digest: int, tables: str | None = None) -> dict[str, Tally]:
    if tables is None:
        return {_EXEMPLARS: Tally(count, digest)}
    try:
        there = json.loads(tables)
        found = {name: Tally(*map(int, there[name])) for name in _OTHERS}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _damaged(database) from error
    return {_EXEMPLARS: Tally(count, digest), **found}


def _damaged(database: Database) -> DamagedMemory:
    return DamagedMemory(
        f"{database.path} is damaged: the row of meta, which says what the memory holds, is not what was written; "
        "nothing was changed. Restore the memory from a backup or an export."
    )
