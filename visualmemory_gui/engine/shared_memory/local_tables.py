"""What a user keeps on this machine about a shared memory: teaching queue, recent queries, watch set, keys of classes.

They are the tables of a memory in a folder, which holds no exemplars, so that each is read and written as there.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

from visualmemory_gui.engine.errors import DamagedMemory, NotAMemory
from visualmemory_gui.engine.memory.forget import empty_log
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.store import class_hotkeys, labels
from visualmemory_gui.engine.store.kept_images import forget_contents

NAME = "tables-{}.vmem"


class LocalTables:
    """The tables in ``folder`` about the memory of ``store``, opened when they are first needed. May be used from any
    thread."""

    def __init__(self, folder: Path, store: SharedStore, *, readonly: bool) -> None:
        self._folder = folder
        self._store = store
        self._readonly = readonly
        self._opened: OpenMemory | None = None
        self._lock = threading.Lock()

    @property
    def opened(self) -> OpenMemory:
        """Raises MemoryLocked, StorageError."""
        with self._lock:
            if self._opened is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._opened = _open(self._folder, self._store, readonly=self._readonly)
            return self._opened

    def forget(self, contents: Iterable[str]) -> bool:
        """Take the images of these content ids, and their parts, out of every table; False if a reader keeps the
        log."""
        database = self.opened.database
        with database.atomic():
            forget_contents(database, [bytes.fromhex(content) for content in contents])
        return empty_log(database)

    def mentions(self, label: str) -> bool:
        """Whether a table has this label."""
        return self.opened.database.maybe("select 1 from labels where path = ?", (label,)) is not None

    def follow_rename(self, before: str, after: str) -> None:
        """Pass the key and the watched expectations of a class on to the one that took its last exemplar."""
        database = self.opened.database
        with database.atomic():
            numbers = [labels.number_of(database, label) for label in (before, after)]
            class_hotkeys.pass_on(database, *numbers)
            labels.drop_unused(database)

    def close(self) -> None:
        """Close them, if they were opened."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()


def _open(folder: Path, store: SharedStore, *, readonly: bool) -> OpenMemory:
    """Those in ``folder``, made where there are none. What an earlier memory of its name had is deleted, if they may be
    edited."""
    place = folder / NAME.format(hashlib.sha256(store.token.encode()).hexdigest()[:16])
    if not readonly:
        for other in set(folder.glob(NAME.format("*"))) - {place}:
            shutil.rmtree(other, ignore_errors=True)
    if not place.exists():
        made = OpenMemory.create(place, store.identity, device="cpu")
        if not readonly:
            return made
        made.close()
    try:
        return OpenMemory.open(place, readonly=readonly, device="cpu")
    except (NotAMemory, DamagedMemory):
        if readonly:
            raise
        shutil.rmtree(place)
        return OpenMemory.create(place, store.identity, device="cpu")
