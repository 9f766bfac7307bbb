"""Where else the bytes of an exemplar are stored: what forgetting must look for, and what others may keep."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import accumulate

from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.exemplar_row import Row, loaded, select
from visualmemory_gui.engine.store.kept_images import TABLES

_AT_ONCE = 1000  # rows
_HELD = (
    ("labels", "path"),
    ("roots", "path"),
    *(("exemplars", column) for column in ("source", "note", "grp")),
    *((table.name, column) for table in TABLES for column in ("source", "thumbnail", "vector")),
    ("vectors", "vector"),
    ("thumbnails", "jpeg"),
)


def copies(database: Database, ids: Collection[int]) -> set[tuple[str, str]]:
    """(sha256, file ending) of the image copies that ``ids`` have in the memory."""
    rows = [Row._make(row) for row in database.many(f"{select(database)} where e.id = ?", [(i,) for i in ids])]
    return {(row.sha256.hex(), row.copy) for row in rows if row.sha256 and row.copy}


def path_parts(database: Database, ids: Collection[int]) -> set[bytes]:
    """File names of the originals of ``ids``, and of the folders below their root."""
    found = database.many("select source from exemplars where id = ? and source is not null", [(i,) for i in ids])
    return {part for (source,) in found for part in os.fsencode(loaded(source)).split(b"/")}


def contents_going(database: Database, ids: Collection[int]) -> set[bytes]:
    """The content ids of which nothing is left to decide once ``ids`` are forgotten: their own, and those of the
    originals of parts of which no other exemplar is."""
    wanted = dict.fromkeys(ids, ())
    found = set(database.many("select content, original from exemplars where id = ?", [(i,) for i in wanted]))
    going = {content for content, _ in found if content}
    sql = "select id from exemplars where content = ?1 or original = ?1"
    for original in {original for _, original in found if original}:
        if all(row[0] in wanted for row in database.rows(sql, (original,))):
            going.add(original)
    return going


def labels_of_nobody_else(database: Database, ids: Collection[int]) -> set[str]:
    """Labels that only exemplars among ``ids`` have."""
    wanted = set(ids)
    found: dict[str, set[int]] = {}
    numbers = {row[0] for row in database.many("select label_id from exemplars where id = ?", [(i,) for i in wanted])}
    sql = "select l.path, e.id from exemplars e join labels l on l.id = e.label_id where e.label_id = ?"
    for label, exemplar in database.many(sql, [(n,) for n in numbers]):
        found.setdefault(label, set()).add(exemplar)
    watched = _watched_beside(database, wanted)
    return {label for label, holders in found.items() if holders <= wanted and label not in watched}


def _watched_beside(database: Database, ids: set[int]) -> set[str]:
    """Labels expected of watched queries, except queries that go with ``ids``."""
    found = database.rows("select l.path, w.content, w.original from labels l join watch w on w.label_id = l.id")
    if not found:
        return set()
    gone = contents_going(database, ids)
    return {label for label, *contents in found if gone.isdisjoint(contents)}


def held(
    database: Database, pieces: Collection[bytes], pieces_in: Callable[[bytes], Iterable[tuple[int, bytes]]]
) -> set[bytes]:
    """Those of ``pieces`` that a row holds as its own, in a vector, thumbnail, path, label or note; ``pieces_in`` finds
    them in bytes, with their places. Texts, which exemplars often share, are searched first."""
    left, found = set(pieces), set[bytes]()
    for table, column in _HELD:
        for values in _values(database, table, column):
            if not left:
                return found
            ends = list(accumulate(map(len, values)))
            for at, piece in pieces_in(b"".join(values)):
                if at + len(piece) <= ends[bisect_right(ends, at)]:  # within one value
                    found.add(piece)
            left -= found
    return found


def _values(database: Database, table: str, column: str) -> Iterator[list[bytes]]:
    """Everything in ``column``, a few rows at a time: an open cursor would keep the log from being emptied."""
    sql = f"""select rowid, cast({column} as blob) from {table}
              where rowid > ? and {column} is not null order by rowid limit {_AT_ONCE}"""
    last = -1
    while rows := database.rows(sql, (last,)):
        last = rows[-1][0]
        yield [value for _, value in rows]
