"""Giving all images of a memory's database the vectors of another encoder; ids, labels and history stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.store import purge, row_rewrite, stored_projection
from visualmemory_gui.engine.store.checksum import vector_hash
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.derived_values import Derived
from visualmemory_gui.engine.store.exemplar_row import Row
from visualmemory_gui.engine.store.kept_images import TABLES, places
from visualmemory_gui.engine.store.row_rewrite import Stored
from visualmemory_gui.engine.store.sealed_table import SealedTable
from visualmemory_gui.engine.store.sources import ImageKey, ImagePlace
from visualmemory_gui.engine.store.vector_journal import Embedded
from visualmemory_gui.engine.store.writer import writing
from visualmemory_gui.engine.types import EncoderIdentity

PAGE = 1024  # exemplars
Find = Callable[[ImageKey], Embedded | None]
_UPDATE = "update exemplars set content = ?, original = ?, vector_hash = ?, checksum = ? where id = ?"


@dataclass(frozen=True, slots=True)
class Dropped:
    """What the memory no longer holds: rows of exemplars, and by table the places of kept images."""

    exemplars: tuple[Row, ...]
    kept: dict[str, tuple[ImagePlace, ...]]


def images(database: Database) -> Iterator[ImagePlace]:
    """Every image of which ``database`` keeps a vector: exemplars, withdrawn ones too, and kept images."""
    for page in _pages(database):
        yield from (place_of(stored.row) for stored in page)
    for table in TABLES:
        yield from (place for _, place in places(database, table))


def replace(database: Database, identity: EncoderIdentity, find: Find, report: Report) -> Dropped:
    """Give every image the vector that ``find`` has for it; delete the others, whose ids stay free.

    What was derived from the vectors goes. Raises DamagedMemory where a row is not what was written.
    """
    total, done = int(database.one("select count(*) from exemplars")[0]), 0
    with database.atomic():
        Derived(database).clear()
        kept = {table.name: _replace_kept(database, table, find) for table in TABLES}
        database.ledger.set_encoder(identity.facts)
        stored_projection.write(database, identity)
    dropped: list[Row] = []
    for page in _pages(database):
        report(done, total, "writing vectors")
        with database.atomic():
            dropped += _replace_page(database, page, find)
        done += len(page)
    drop(database, [row.id for row in dropped])
    return Dropped(tuple(dropped), kept)


def drop(database: Database, ids: Collection[int]) -> None:
    """Delete exemplars with their entries in the history."""
    if ids:
        with writing(database) as writer:
            purge.delete(database, writer, ids)


def _replace_page(database: Database, page: list[Stored], find: Find) -> list[Row]:
    """The rows of ``page`` for which there is no vector."""
    row_rewrite.require_whole(database, page)
    found = [(stored, _found(place_of(stored.row), find)) for stored in page]
    changes = [(stored, _with(stored.row, one), one) for stored, one in found if one is not None]
    columns = [(row.content, row.original, row.vector_hash, row.checksum, row.id) for _, row, _ in changes]
    database.many(_UPDATE, columns)
    vectors = ((row.id, one.vector.astype("<f4", copy=False).tobytes()) for _, row, one in changes)
    database.many("insert or replace into vectors values (?, ?)", vectors)
    database.ledger.weigh(
        "exemplars", come=[row.checksum for _, row, _ in changes], gone=[stored.checksum for stored, _, _ in changes]
    )
    return [stored.row for stored, one in found if one is None]


def _with(row: Row, found: Embedded) -> Row:
    original = bytes.fromhex(found.original) if found.original else None
    return row._replace(content=bytes.fromhex(found.content), original=original, vector_hash=vector_hash(found.vector))


def _replace_kept(database: Database, table: SealedTable, find: Find) -> tuple[ImagePlace, ...]:
    """The images of a table for which there is no vector."""
    gone: list[ImagePlace] = []
    for number, image in places(database, table):
        found = _found(image, find)
        if found is None:
            gone.append(image)
            table.delete(database, "id = ?", [(number,)])
        else:
            table.rewrite(
                database,
                "id = ?",
                (number,),
                content=bytes.fromhex(found.content),
                vector=found.vector.astype("<f4", copy=False).tobytes(),
                original=bytes.fromhex(found.original) if found.original else None,
            )
    return tuple(gone)


def _pages(database: Database) -> Iterator[list[Stored]]:
    last = -1
    while page := row_rewrite.read(database, f"e.id > ? order by e.id limit {PAGE}", [(last,)]):
        yield page
        last = page[-1].row.id


def place_of(row: Row) -> ImagePlace:
    """Where the image of an exemplar was. Raises DamagedMemory where its box cannot be one."""
    return ImagePlace((row.sha256.hex(), row.part) if row.sha256 else None, row.path)


def _found(image: ImagePlace, find: Find) -> Embedded | None:
    return None if image.key is None else find(image.key)
