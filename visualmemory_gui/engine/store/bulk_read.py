"""Whole columns of the memory as arrays: SQLite joins each slice of rows, so that no row becomes a Python object.

A million rows read one by one are some hundred megabytes of tuples, and seconds in which other threads hardly run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.snapshot import Rows
from visualmemory_gui.engine.store.checksum import group_key
from visualmemory_gui.engine.store.database import RESTORE, Database, Params
from visualmemory_gui.engine.store.exemplar_row import effective_trust
from visualmemory_gui.engine.store.labels import missing_label
from visualmemory_gui.engine.types import F32, F64, I32, I64, Bools

SLICE = 16_384
VECTORS_AT_ONCE = 4096
MOST_NUMBERED = 4_000_000
"""Values below this are looked up in a table."""

# hex(null) is empty, so that an exemplar without content gets zeros.
_EXEMPLARS = """group_concat(label_id), group_concat(not (struck or withdrawn), ''), group_concat(vector_hash),
    group_concat(change), group_concat(substr(hex(content) || '0000000000000000', 1, 16), ''),
    max(content is not null), max(grp is not null), max(trust is not null or derived is not null)"""
_CHECKSUMS = "group_concat(cast(checksum as integer))"
_IMAGES = "group_concat(substr(hex(coalesce(original, content)) || '0000000000000000', 1, 16), '')"


def slices(
    database: Database, columns: str, *, where: str = "1", params: Params = (), table: str = "exemplars"
) -> Iterator[tuple[I64, tuple[Any, ...]]]:
    """Ids, increasing, and the aggregates ``columns``, one slice of the rows at a time.

    Others may write between two slices.
    """
    inner = f"select * from {table} where id > ? and {where} order by id limit {SLICE}"
    last = many = 0
    while True:
        top, ids, *found = database.one(f"select max(id), group_concat(id), {columns} from ({inner})", (last, *params))
        if top is None:
            break
        last, many = top, many + 1
        yield numbers(ids), tuple(found)
    if many > 1:
        database.execute("pragma shrink_memory")  # pages that are not needed next


def numbers(text: str) -> I64:
    """ "1,2,3" as an array, (n,) int64."""
    return np.fromstring(text, np.int64, sep=",")


def flags(text: str) -> Bools:
    """ "1101" as an array, (n,)."""
    found: Bools = np.frombuffer(text.encode(), np.uint8) == ord("1")
    return found


def joined(parts: list[I64]) -> I64:
    """The ids of all slices."""
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def withdrawn_ids(database: Database) -> I64:
    """Increasing; reads no other rows."""
    table = "exemplars indexed by exemplars_withdrawn"
    return joined([ids for ids, _ in slices(database, "1", where="withdrawn", table=table)])


def all_rows(database: Database) -> Rows:
    """What decisions need of all exemplars, in the order of ids, withdrawn ones included. Raises DamagedMemory."""
    try:
        return _all_rows(database)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:  # what was joined is not numbers
        raise DamagedMemory(f"{database.path} is damaged: rows of exemplars hold invalid values. {RESTORE}") from error


def _all_rows(database: Database) -> Rows:
    return rows_of(database, columns(database))


class RowColumns(NamedTuple):
    """What decisions need of each exemplar, (n,) each, by id; the columns are those of ``Rows``, but ``label`` is the
    number of the label. ``checksum`` is that of the row: zeros where it was not asked for."""

    ids: I64
    label: I64
    active: Bools
    trust: F64
    content: I64
    group: I64
    twin: I64
    change: I64
    image: I64
    checksum: I64

    @classmethod
    def kinds(cls) -> tuple[np.dtype[Any], ...]:
        """The type of each column."""
        kinds = {"active": np.bool_, "trust": np.float64}
        return tuple(np.dtype(kinds.get(name, np.int64)) for name in cls._fields)

    @classmethod
    def row_bytes(cls) -> int:
        return sum(kind.itemsize for kind in cls.kinds())


def columns(database: Database, *, after: int = -1, checksums: bool = False) -> RowColumns:
    """Of the exemplars that an edit after the change number ``after`` touched, increasing by id."""
    where, params = ("1", ()) if after < 0 else ("change > ?", (after,))
    count = int(database.one(f"select count(*) from exemplars where {where}", params)[0])
    active, trust = np.empty(count, np.bool_), np.empty(count)
    ids, label, twin, change = (np.empty(count, np.int64) for _ in range(4))
    content, group, checksum = (np.zeros(count, np.int64) for _ in range(3))  # cost nothing while they stay zero
    parts = database.has_parts and database.maybe("select 1 from exemplars where original is not null limit 1")
    image = np.zeros(count, np.int64) if parts else content
    start = 0
    wanted = f"{_EXEMPLARS}, {_IMAGES if parts else 'null'}, {_CHECKSUMS if checksums else 'null'}"
    for part, found in slices(database, wanted, where=where, params=params):
        labels, votes, twins, changes, contents, known, grouped, weighed, images, seals = found
        at = slice(start, start := start + len(part))
        ids[at], label[at], twin[at], change[at] = part, numbers(labels), numbers(twins), numbers(changes)
        active[at] = flags(votes)
        trust[at] = _trust(database, part) if weighed else 1.0
        if known:
            content[at] = np.frombuffer(bytes.fromhex(contents), "<i8")
        if parts:
            image[at] = np.frombuffer(bytes.fromhex(images), "<i8")
        if grouped:
            group[at] = _groups(database, part)
        if checksums:
            checksum[at] = numbers(seals)
    return RowColumns(ids, label, active, trust, content, group, twin, change, image, checksum)


def checksums_of_rows(database: Database) -> tuple[I64, I64]:
    """Ids, increasing, and the checksum of the row of each."""
    found = [(ids, numbers(seals)) for ids, (seals,) in slices(database, _CHECKSUMS)]
    return joined([ids for ids, _ in found]), joined([seals for _, seals in found])


def label_numbers(database: Database, paths: Sequence[str]) -> I64:
    """The number of each of ``paths``, 0 for one that is no label any more."""
    numbers_of: dict[str, int] = dict(database.rows("select path, id from labels"))
    return np.array([numbers_of.get(path, 0) for path in paths], np.int64)


def rows_of(database: Database, columns: RowColumns) -> Rows:
    """``columns`` with labels in words. Raises DamagedMemory where a label is missing."""
    codes, order = as_codes(columns.label)
    _, _, active, trust, content, group, twin, change, image, _ = columns
    return Rows(columns.ids, codes, _paths(database, order), active, trust, content, group, twin, change, image)


def _paths(database: Database, labels: I64) -> tuple[str, ...]:
    paths: dict[int, str] = dict(database.rows("select id, path from labels"))
    if missing := [number for number in labels.tolist() if number not in paths]:
        raise missing_label(database, missing[0])
    return tuple(paths[number] for number in labels.tolist())


def as_codes(values: I64) -> tuple[I32, I64]:
    """Codes (n,) into the distinct values, and these in the order of their first appearance."""
    if len(values) and values.min() >= 0 and values.max() < MOST_NUMBERED:  # a table is faster than sorting
        first = np.full(int(values.max()) + 1, -1, np.int64)
        first[values[::-1]] = np.arange(len(values))[::-1]  # of equal ones the last that is written stays
        distinct = np.flatnonzero(first >= 0)
        order = distinct[np.argsort(first[distinct])]
        table = np.empty(len(first), np.int32)
        table[order] = np.arange(len(order), dtype=np.int32)
        return table[values], order
    distinct, first, code = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place[code], distinct[order]


def vectors_between(database: Database, ids: I64, dim: int) -> F32 | None:
    """(n, dim) float32: the vectors of ``ids``, which are increasing and every id from the first to the last.

    None where they are not, or where a vector has another length. As UTF-8, SQLite joins bytes of any value unchanged.
    """
    sql = """select (select encoding from pragma_encoding), count(*), group_concat(id), min(length(vector)),
             max(length(vector)), cast(group_concat(vector, '') as blob)
             from (select * from vectors where id between ? and ? order by id)"""
    result = np.empty((len(ids), dim), np.float32)
    for start in range(0, len(ids), VECTORS_AT_ONCE):
        part = ids[start : start + VECTORS_AT_ONCE]
        encoding, count, there, least, most, data = database.one(sql, (int(part[0]), int(part[-1])))
        if count != len(part) or not least == most == 4 * dim or not np.array_equal(numbers(there), part):
            return None
        if encoding != "UTF-8" or len(data) != 4 * dim * count:
            return None
        result[start : start + len(part)] = np.frombuffer(data, "<f4").reshape(-1, dim)
    return result


def _trust(database: Database, ids: I64) -> F64:
    """Read as they are: as text they would lose their last digits."""
    result = np.ones(len(ids))
    sql = """select id, trust, derived from exemplars
             where id between ? and ? and (trust is not null or derived is not null) order by id"""
    if found := _among(database.rows(sql, (int(ids[0]), int(ids[-1]))), ids):
        result[np.searchsorted(ids, [row[0] for row in found])] = [effective_trust(*row[1:]) for row in found]
    return result


def _groups(database: Database, ids: I64) -> I64:
    result = np.zeros(len(ids), np.int64)
    sql = "select id, grp from exemplars where id between ? and ? and grp is not null order by id"
    if found := _among(database.rows(sql, (int(ids[0]), int(ids[-1]))), ids):
        keys = {name: group_key(name) for name in {row[1] for row in found}}
        result[np.searchsorted(ids, [row[0] for row in found])] = [keys[row[1]] for row in found]
    return result


def _among(found: list[tuple[Any, ...]], ids: I64) -> list[tuple[Any, ...]]:
    """Those rows whose id, their first value, is among ``ids``, which are increasing."""
    if not found or int(ids[-1]) - int(ids[0]) + 1 == len(ids):
        return found
    there = np.isin([row[0] for row in found], ids)
    return [row for row, wanted in zip(found, there.tolist(), strict=True) if wanted]
