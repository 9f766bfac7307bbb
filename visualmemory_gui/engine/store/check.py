"""Finding damage: every row against its checksum, every vector and thumbnail against its hash, the sum of all.

SQLite's own check sees its structure, not its content: it misses half of the flipped bytes. Both are asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.store.checksum import added, hash64, seal
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.rows import SELECT, Row
from visualmemory_gui.engine.types import Damage

_CHUNK = 2000

# Tables whose rows stand by themselves: what names a row, and the columns under its checksum.
_SEALED = (
    ("meta", "id", "encoder, dim, weights_sha256, preprocess, change, count, digest"),
    ("labels", "id", "path"),
    ("steps", "number", "number, kind, state, position, time, touched, total"),
    ("entries", "step || '/' || exemplar", "step, exemplar, field, before, after"),
    ("settings", "name", "name, value"),
    ("derived", "name", "name, json, change"),
    ("queries", "id", "source, content, sha256, thumbnail, vector, time"),
    ("queue", "id", "source, content, sha256, thumbnail, vector, time, width, height, suffix"),
    ("watch", "id", "source, content, sha256, thumbnail, vector, time, label_id"),
    ("tags", "name", "name, step, position, change, time"),
    ("kept", "id", "kind, exemplar, other, seen"),
    ("keys", "digit", "digit, label_id"),
)


def damages(folder: Path) -> Iterator[Damage]:
    """All that can be found; where a table cannot be read any further, that is one of the findings.

    Reads through a connection of its own, so that edits go on meanwhile and are not taken for damage.
    """
    with closing(Database.open(folder, readonly=True)) as database, database.steady():
        for look in (_structure, _references, _sealed, _exemplars, _vectors, _thumbnails, _history):
            try:
                yield from look(database)
            except DamagedMemory as error:
                yield Damage("database", database.path.name, str(error))


def _structure(database: Database) -> Iterator[Damage]:
    for (finding,) in database.rows("pragma integrity_check"):
        if finding != "ok":
            yield Damage("database", database.path.name, str(finding))


def _references(database: Database) -> Iterator[Damage]:
    for table, row, parent, _ in database.rows("pragma foreign_key_check"):
        yield Damage("reference", f"{table} {row}", f"what it refers to in {parent} is missing")


def _sealed(database: Database) -> Iterator[Damage]:
    for table, name, columns in _SEALED:
        for where, checksum, *values in database.rows(f"select {name}, checksum, {columns} from {table}"):
            if seal(*values) != checksum:
                yield Damage("row", f"{table} {where}", "its checksum does not fit")


def _exemplars(database: Database) -> Iterator[Damage]:
    count, digest, change = database.one("select count, digest, change from meta")
    total, found, last = 0, 0, 0
    while part := _rows_after(database, last):
        for row, checksum in part:
            if row.checksum != checksum:
                yield Damage("row", f"exemplar {row.id}", "its checksum does not fit")
            if row.change > change:
                yield Damage("row", f"exemplar {row.id}", "it is newer than the memory")
        total, found, last = added(total, *(checksum for _, checksum in part)), found + len(part), part[-1][0].id
    if found != count:
        yield Damage("rows", "exemplars", f"there are {found:,}, the memory counts {count:,}")
    if total != digest:
        yield Damage("rows", "exemplars", "the digest over all rows does not fit: rows are missing, foreign or changed")


def _rows_after(database: Database, last: int) -> list[tuple[Row, int]]:
    sql = SELECT.replace("select ", "select e.checksum, ", 1) + " where e.id > ? order by e.id limit ?"
    return [(Row._make(row[1:]), row[0]) for row in database.rows(sql, (last, _CHUNK))]


def _vectors(database: Database) -> Iterator[Damage]:
    sql = """select e.id, e.vector_hash, v.vector from exemplars e left join vectors v on v.id = e.id
             where e.id > ? order by e.id limit ?"""
    yield from _blobs(database, sql, what="vector", length=4 * int(database.one("select dim from meta")[0]))
    for (exemplar,) in database.rows("select id from vectors where id not in (select id from exemplars)"):
        yield Damage("vector", f"exemplar {exemplar}", "there is a vector, but no exemplar")


def _thumbnails(database: Database) -> Iterator[Damage]:
    sql = """select e.id, e.thumbnail_hash, t.jpeg from exemplars e left join thumbnails t on t.id = e.id
             where e.id > ? order by e.id limit ?"""
    yield from _blobs(database, sql, what="thumbnail")
    for (exemplar,) in database.rows("select id from thumbnails where id not in (select id from exemplars)"):
        yield Damage("thumbnail", f"exemplar {exemplar}", "there is a thumbnail, but no exemplar")


def _blobs(database: Database, sql: str, *, what: str, length: int | None = None) -> Iterator[Damage]:
    last = 0
    while part := database.rows(sql, (last, _CHUNK)):
        for exemplar, expected, blob in part:
            if (blob is None) != (expected is None):
                yield Damage(
                    what, f"exemplar {exemplar}", "it is missing" if blob is None else "it should not be there"
                )
            elif blob is not None and hash64(blob) != expected:
                yield Damage(what, f"exemplar {exemplar}", "its hash does not fit")
            elif blob is not None and length is not None and len(blob) != length:
                yield Damage(what, f"exemplar {exemplar}", f"it has {len(blob)} bytes instead of {length}")
        last = part[-1][0]


def _history(database: Database) -> Iterator[Damage]:
    """Each done step must begin where the one before it ended, and the last must have led to what is stored."""
    sql = """select n.exemplar, n.field, n.before, n.after, n.step from entries n join steps s on s.number = n.step
             where s.state in ('done', 'open') order by s.state = 'open', s.position"""
    reached: dict[tuple[int, str], object] = {}
    for exemplar, field, before, after, step in database.rows(sql):
        if reached.get((exemplar, field), before) != before:
            yield Damage(
                "history", f"step {step}", f"exemplar {exemplar}: its {field} does not begin where it ended before"
            )
        reached[exemplar, field] = after
    columns = "id, withdrawn, struck, label_id, trust, derived"
    for exemplar, *values in database.rows(f"select {columns} from exemplars"):
        for field, value in zip(("withdrawn", "struck", "label", "trust", "derived"), values, strict=True):
            if reached.get((exemplar, field), value) != value:
                yield Damage("history", f"exemplar {exemplar}", f"its {field} is not what the last step made of it")
