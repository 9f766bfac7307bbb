"""The rows of a memory as the arrays that decisions read, also while another process edits it.

A large memory has them in a file too (``rows_file``). The database decides whether what is there holds: count and
digest of the rows must be what it says, with those that were edited since read from it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext, suppress

import numpy as np

from visualmemory_gui.engine.errors import DamagedMemory, StorageError, UnknownExemplar
from visualmemory_gui.engine.snapshot import Rows, Snapshot, WorkingSet
from visualmemory_gui.engine.store import bulk_read, rows_file
from visualmemory_gui.engine.store.bulk_read import RowColumns
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.database import RESTORE, Database
from visualmemory_gui.engine.store.rows_file import OpenRows, RowsFile, UnfitRows
from visualmemory_gui.engine.store.vectors import dim_of
from visualmemory_gui.engine.types import F32, I64

log = logging.getLogger(__name__)
_64_BITS = 0xFFFF_FFFF_FFFF_FFFF


class Overtaken(StorageError):
    """Exemplars were forgotten, by another process or by this one, after rows were read and before their vectors were:
    load again."""


def load(database: Database, catalog: Catalog) -> WorkingSet:
    """The rows as they are now; their vectors are read when they are first needed, which may raise Overtaken.

    For a reader, nothing that another process commits can come between the rows and their change number.
    """

    def vectors(ids: I64) -> F32:
        try:
            return catalog.vectors(ids)
        except UnknownExemplar as error:
            _require_gone(database, error.ids)
            text = f"exemplars of {database.folder} were forgotten while it was read; try again"
            raise Overtaken(text) from error

    with database.steady() if database.readonly else nullcontext():
        saved, rows = _from_file(database, catalog)
        return WorkingSet(
            rows,
            change=catalog.change(),
            load_vectors=vectors,
            disk=None if saved is None else _opened(database, saved, rows.twin),
        )


def save(database: Database, snapshot: Snapshot, *, require_wanted: Callable[[], None]) -> None:
    """Write the file of rows as they are in ``snapshot``, for ``load``, while edits go on. What ``require_wanted``
    raises, which is called now and then, leaves nothing behind. Raises StorageError."""
    numbers = bulk_read.label_numbers(database, snapshot.labels)
    ids, checksums = bulk_read.checksums_of_rows(database)  # of rows that were edited meanwhile: ``load`` reads those
    there = np.minimum(np.searchsorted(ids, snapshot.ids), max(len(ids) - 1, 0))
    columns = RowColumns(
        ids=snapshot.ids,
        label=numbers[snapshot.label],
        active=snapshot.active,
        trust=snapshot.trust,
        content=snapshot.content,
        group=snapshot.group,
        twin=snapshot.twin,
        change=snapshot.row_change.copy(),
        image=snapshot.image,
        checksum=checksums[there],
    )
    dim = dim_of(database)
    rows_file.write(
        database.folder,
        columns,
        snapshot.blocks(rows_file.rows_of_block(4 * dim)),
        dim=dim,
        change=snapshot.change,
        require_wanted=require_wanted,
    )


def rows_on_disk(database: Database, snapshot: Snapshot) -> OpenRows | None:
    """The vectors of ``snapshot`` in the file of rows that was just written of it, or of one before it; None where
    there is none."""
    with suppress(UnfitRows):
        saved = rows_file.find(database.folder, dim=dim_of(database), change=snapshot.change)
        return None if saved is None else _opened(database, saved, snapshot.twin)
    return None


def _opened(database: Database, saved: RowsFile, twin: I64) -> OpenRows | None:
    try:
        return saved.opened(twin[: saved.seal.count], writable=not database.readonly)
    except UnfitRows as unfit:
        log.warning("vectors are read from the database: the file of rows in %s: %s", database.folder, unfit)
        return None


def _from_file(database: Database, catalog: Catalog) -> tuple[RowsFile | None, Rows]:
    """The rows, and the file that holds the first of them; None where they were read from the database alone."""
    try:
        saved = rows_file.find(database.folder, dim=dim_of(database), change=catalog.change())
        if saved is not None:
            return saved, bulk_read.rows_of(database, _brought_up(database, saved))
    except UnfitRows as unfit:
        log.warning("the rows of %s are read from the database: %s", database.folder, unfit)
    return None, catalog.snapshot_rows()


def _brought_up(database: Database, saved: RowsFile) -> RowColumns:
    """The columns of ``saved`` with all edits since. Raises UnfitRows where that is not what the database holds."""
    columns, count, digest, change = saved.columns(), *database.one("select count, digest, change from meta")
    if change > saved.seal.change:
        columns = _merged(columns, bulk_read.columns(database, after=saved.seal.change, checksums=True))
    total = int(np.add.reduce(columns.checksum.view(np.uint64)))
    if (len(columns.ids), total) != (count, digest & _64_BITS):
        raise UnfitRows("it does not hold the rows of the memory")
    return columns


def _merged(columns: RowColumns, edited: RowColumns) -> RowColumns:
    old = int(np.searchsorted(edited.ids, columns.ids[-1:], "right").sum())  # the rest was added since
    at = np.searchsorted(columns.ids, edited.ids[:old])
    if not np.array_equal(columns.ids[at], edited.ids[:old]):
        raise UnfitRows("it lacks exemplars of the memory")
    if not np.array_equal(columns.twin[at], edited.twin[:old]):
        raise UnfitRows("it has other vectors than the memory")
    merged = []
    for column, new in zip(columns, edited, strict=True):
        whole = np.concatenate([column, new[old:]])
        whole[at] = new[:old]
        merged.append(whole)
    return RowColumns(*merged)


def _require_gone(database: Database, ids: list[int]) -> None:
    """Raise DamagedMemory where one of ``ids``, of which there is no vector, still has its row."""
    if there := database.many("select id from exemplars where id = ?", [(i,) for i in ids]):
        raise DamagedMemory(f"{database.path} is damaged: exemplar {there[0][0]} has no vector. {RESTORE}")
