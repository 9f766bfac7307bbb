"""The file of rows of an open memory: when it is written, and that nothing forgotten is left in it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.index.search import much_changed
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import RowVectors, Snapshot
from visualmemory_gui.engine.store import load_snapshot, rows_file
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.vectors import dim_of

log = logging.getLogger(__name__)

LEAST_COMPONENTS = 26_000_000
"""Vector components from which on reading all vectors is felt: about a tenth of a second."""


class _Deleted(Exception):
    """The file that is being written is not wanted any more."""


class SavedRows:
    """Writes and deletes the file of rows in the folder of ``database``. Safe from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._generation = 0
        self._writing = threading.Lock()

    def keep_up(self, current: Callable[[], Snapshot], report: Report = silent) -> bool:
        """Write the file if the memory is large and it is missing, or 1 % of the rows have changed since; edits and
        decisions go on. Returns whether it was written: it is not where it cannot be, as it is derived. Raises what
        ``report`` does."""
        with self._writing:
            generation, snapshot = self._generation, current()

            def require_wanted() -> None:
                report(0, None, "writing the rows")
                if generation != self._generation:
                    raise _Deleted

            if self._is_due(snapshot):
                try:
                    load_snapshot.save(self._database, snapshot, require_wanted=require_wanted)
                    return True
                except StorageError as error:
                    log.warning("%s", error)
                except _Deleted:
                    pass
        return False

    def delete(self) -> None:
        """Delete the file; one that is being written is given up first. Raises StorageError."""
        self._generation += 1
        with self._writing:
            rows_file.delete(self._database.folder)

    def erase(self, rest: RowVectors) -> None:
        """Delete the file; what is not of ``rest``, which may go on reading from it, is overwritten before. Others that
        a process still has open are emptied. Raises StorageError."""
        self._generation += 1
        with self._writing:
            rows_file.delete_seal(self._database.folder)
            rest.erase_others()
            rows_file.delete(self._database.folder, read=rest.disk)

    def _is_due(self, snapshot: Snapshot) -> bool:
        dim = dim_of(self._database)
        if self._database.readonly or len(snapshot) * dim < LEAST_COMPONENTS:
            return False
        saved = None
        with suppress(rows_file.UnfitRows):
            saved = rows_file.find(self._database.folder, dim=dim, change=snapshot.change)
        return saved is None or much_changed(snapshot, saved.seal.change)
