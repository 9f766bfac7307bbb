"""The rows of a memory as the arrays that decisions read, also while another process edits it."""

from __future__ import annotations

from contextlib import nullcontext

from visualmemory_gui.engine.errors import StorageError, UnknownExemplar
from visualmemory_gui.engine.snapshot import WorkingSet
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.types import F32, I64


class Overtaken(StorageError):
    """Another process forgot exemplars between a reader's look at the rows and at their vectors: load again."""


def load(database: Database, catalog: Catalog) -> WorkingSet:
    """The rows as they are now; their vectors are read when they are first needed, which may raise Overtaken.

    In a reader nothing that another process commits comes between the rows and their change number.
    """

    def vectors(ids: I64) -> F32:
        try:
            return catalog.vectors(ids)
        except UnknownExemplar as error:
            if not database.readonly:
                raise
            text = f"{database.folder} was changed by another program while it was read; try again"
            raise Overtaken(text) from error

    with database.steady() if database.readonly else nullcontext():
        return WorkingSet(catalog.snapshot_rows(), change=catalog.change(), load_vectors=vectors)
