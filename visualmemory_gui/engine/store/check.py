"""Finding damage: every row against its checksum, every vector and thumbnail against its hash, the sum of all.

SQLite's own check sees its structure, not its content: it misses half of the flipped bytes. Both checks are run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from visualmemory_gui.engine.errors import BadLabel, DamagedMemory
from visualmemory_gui.engine.store import labels, ledger, row_rewrite, settings, stored_projection
from visualmemory_gui.engine.store.checksum import hash64
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.exemplar_row import Row
from visualmemory_gui.engine.store.schema import encoder_identity, open_memory
from visualmemory_gui.engine.store.sealed_table import SEALED
from visualmemory_gui.engine.store.vectors import dim_of
from visualmemory_gui.engine.types import Damage

_CHUNK = 2000


def damages(folder: Path) -> Iterator[Damage]:
    """All damage that can be found; a table that cannot be read to its end is one of the findings.

    Reads through a separate connection, so that edits can go on and are not mistaken for damage.
    """
    with closing(open_memory(folder, readonly=True)) as database, database.steady():
        for look in _looks():
            try:
                yield from look(database)
            except DamagedMemory as error:
                yield Damage("database", database.path.name, str(error))


def _looks() -> tuple[Callable[[Database], Iterator[Damage]], ...]:
    rows = (_meta, _projection, _sealed, _labels, _settings, _tallies)
    return (_structure, _references, *rows, _exemplars, _vectors, _thumbnails, _history)


def _structure(database: Database) -> Iterator[Damage]:
    for (finding,) in database.rows("pragma integrity_check"):
        if finding != "ok":
            yield Damage("database", database.path.name, str(finding))


def _references(database: Database) -> Iterator[Damage]:
    for table, row, parent, _ in database.rows("pragma foreign_key_check"):
        yield Damage("reference", f"{table} {row}", f"what it refers to in {parent} is missing")


def _meta(database: Database) -> Iterator[Damage]:
    if not ledger.is_whole(database):
        yield Damage("row", "meta 1", "its checksum does not match")


def _projection(database: Database) -> Iterator[Damage]:
    """What a memory of whole vectors keeps there; a projection itself is compared at every opening."""
    if not stored_projection.is_alone(database, encoder_identity(database)):
        yield Damage("row", "projection", "the memory's encoder names no such projection")


def _sealed(database: Database) -> Iterator[Damage]:
    for table in SEALED:
        for key in table.damaged(database):
            yield Damage("row", table.named(key), "its checksum does not match")


def _labels(database: Database) -> Iterator[Damage]:
    """Labels that no edit would accept: a part ``..`` could lead an export out of its folder."""
    for number, path in database.rows("select id, path from labels"):
        try:
            if labels.clean(path) == path:
                continue
        except BadLabel:
            pass
        yield Damage("row", f"labels {number}", "it is not a valid label")


def _settings(database: Database) -> Iterator[Damage]:
    for name, why in settings.load(database).damaged.items():
        if why != settings.UNSEALED:  # that one is reported as a row
            yield Damage("setting", name, f"{why}; the default is used until it is set again")


def _tallies(database: Database) -> Iterator[Damage]:
    """Rows that are missing altogether, or that were never counted."""
    for table, expected in ledger.stored_tallies(database).items():
        found = ledger.tally_of(database, table)
        if found.rows != expected.rows:
            yield Damage("rows", table, f"there are {found.rows:,}, the memory counts {expected.rows:,}")
        if found.digest != expected.digest:
            yield Damage("rows", table, "the digest over all rows does not match: rows are missing, foreign or changed")


def _exemplars(database: Database) -> Iterator[Damage]:
    change, last = database.one("select change from meta")[0], 0
    while part := row_rewrite.read(database, "e.id > ? order by e.id limit ?", [(last, _CHUNK)]):
        for stored in part:
            if not stored.whole:
                yield Damage("row", f"exemplar {stored.row.id}", "its checksum does not match")
            if damage := _part(stored.row):
                yield Damage("row", f"exemplar {stored.row.id}", damage)
            if stored.row.change > change:
                yield Damage("row", f"exemplar {stored.row.id}", "it is newer than the memory")
        last = part[-1].row.id


def _part(row: Row) -> str | None:
    """What is wrong with the columns of a part."""
    try:
        box = row.part
    except DamagedMemory as error:
        return str(error)
    if (box is None) == (row.original is None):
        return None
    return "it has an original, but no box" if box is None else "it has a box, but no original"


def _vectors(database: Database) -> Iterator[Damage]:
    sql = """select e.id, e.vector_hash, v.vector as there from exemplars e left join vectors v on v.id = e.id
             where e.id > ? order by e.id limit ?"""
    yield from _hashed(database, sql, what="vector", length=4 * dim_of(database))
    for (exemplar,) in database.rows("select id from vectors where id not in (select id from exemplars)"):
        yield Damage("vector", f"exemplar {exemplar}", "there is a vector, but no exemplar")


def _thumbnails(database: Database) -> Iterator[Damage]:
    sql = """select e.id, e.thumbnail_hash, t.jpeg as there from exemplars e left join thumbnails t on t.id = e.id
             where e.id > ? order by e.id limit ?"""
    yield from _hashed(database, sql, what="thumbnail")
    for (exemplar,) in database.rows("select id from thumbnails where id not in (select id from exemplars)"):
        yield Damage("thumbnail", f"exemplar {exemplar}", "there is a thumbnail, but no exemplar")


def _hashed(database: Database, sql: str, *, what: str, length: int | None = None) -> Iterator[Damage]:
    last = 0
    while part := database.rows(sql, (last, _CHUNK)):
        for exemplar, expected, blob in part:
            if (blob is None) != (expected is None):
                yield Damage(
                    what, f"exemplar {exemplar}", "it is missing" if blob is None else "it should not be there"
                )
            elif blob is not None and hash64(blob) != expected:
                yield Damage(what, f"exemplar {exemplar}", "its hash does not match")
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
