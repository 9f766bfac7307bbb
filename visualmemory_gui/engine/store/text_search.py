"""Finding exemplars by a text or by their age, slice by slice, so that an edit never waits for the whole memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from visualmemory_gui.engine.store.bulk_read import flags, slices
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.exemplar_row import Row, select
from visualmemory_gui.engine.types import I64, Bools

# Between the fields of a row, and after each row. A row that holds the second one is checked on its own.
_FIELD, _END = "\x1f", "\x1e"
_TEXT = f"""group_concat(
        coalesce((select rtrim(path, '/') from roots where id = root_id and typeof(path) = 'text') || '/', '')
        || coalesce(case typeof(source) when 'text' then source end, '')
        || char({ord(_FIELD)}) || note || char({ord(_FIELD)}) || coalesce(grp, '') || char({ord(_END)}), '')"""


def ids(database: Database, *, text: str = "", since: float | None = None) -> Iterator[I64]:
    """Ids of the exemplars that match, increasing, one slice of the rows at a time; withdrawn ones never match.

    ``text`` is looked for in label, source, note and group, ignoring case; ``since`` is the earliest time of adding,
    in seconds since the epoch.
    """
    where, params = "not withdrawn", list[object]()
    if since is not None:
        where, params = f"{where} and added >= ?", [since]
    if not text:
        yield from (found for found, _ in slices(database, "1", where=where, params=params))
        return
    wanted = text.casefold()
    labels = [number for number, path in database.rows("select id, path from labels") if wanted in path.casefold()]
    odd_roots = [number for (number,) in database.rows("select id from roots where typeof(path) = 'blob'")]
    columns = f"""group_concat(label_id in ({_listed(labels)}), ''), {_TEXT},
        max(typeof(source) = 'blob' or coalesce(root_id in ({_listed(odd_roots)}), 0))"""
    for found, (by_label, joined, odd) in slices(database, columns, where=where, params=params):
        fits = None if odd else _rows_with(joined.casefold(), wanted, len(found))
        if fits is None:
            fits = _one_by_one(database, found, wanted)
        yield found[fits | flags(by_label)]


def mentions(row: Row, wanted: str) -> bool:
    """Whether ``wanted`` (case-folded) is in label, source, note or group."""
    return any(wanted in part.casefold() for part in (row.label, row.path, row.note, row.group) if part)


def _rows_with(joined: str, wanted: str, count: int) -> Bools | None:
    """Which of ``count`` rows, each ended by _END, hold ``wanted``; None when there are not as many."""
    if joined.count(_END) != count:
        return None
    fits = np.zeros(count, bool)
    row = passed = 0
    at = joined.find(wanted)
    while at >= 0:
        row += joined.count(_END, passed, at)
        fits[row] = True
        passed = joined.find(_END, at)
        at = joined.find(wanted, passed)
    return fits


def _one_by_one(database: Database, ids: I64, wanted: str) -> Bools:
    rows = database.rows(f"{select(database)} where e.id between ? and ? order by e.id", (int(ids[0]), int(ids[-1])))
    fits = [row.id for row in map(Row._make, rows) if mentions(row, wanted)]
    result: Bools = np.isin(ids, np.array(fits, np.int64))
    return result


def _listed(numbers: list[int]) -> str:
    return ",".join(map(str, numbers))
