"""The rows of a memory as the arrays that decisions read, also while another process edits it."""

from __future__ import annotations

from contextlib import nullcontext

from visualmemory_gui.engine.errors import DamagedMemory, StorageError, UnknownExemplar
from visualmemory_gui.engine.snapshot import WorkingSet
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.database import RESTORE, Database
from visualmemory_gui.engine.types import F32, I64


class Overtaken(StorageError):
    """Another process forgot exemplars after a reader read the rows and before it read the vectors: load again."""


def load(database: Database, catalog: Catalog) -> WorkingSet:
    """The rows as they are now; their vectors are read when they are first needed, which may raise Overtaken.

    For a reader, nothing that another process commits can come between the rows and their change number.
    """

    def vectors(ids: I64) -> F32:
        try:
            return catalog.vectors(ids)
        except UnknownExemplar as error:
            _require_gone(database, error.ids)
            if not database.readonly:
                raise
            text = f"{database.folder} was changed by another program while it was read; try again"
            raise Overtaken(text) from error

    with database.steady() if database.readonly else nullcontext():
        return WorkingSet(catalog.snapshot_rows(), change=catalog.change(), load_vectors=vectors)


def _require_gone(database: Database, ids: list[int]) -> None:
    """Raise DamagedMemory where one of ``ids``, of which there is no vector, still has its row."""
    if there := database.many("select id from exemplars where id = ?", [(i,) for i in ids]):
        raise DamagedMemory(f"{database.path} is damaged: exemplar {there[0][0]} has no vector. {RESTORE}")
