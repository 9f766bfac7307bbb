"""What a user keeps on this machine about a shared memory: teaching queue, recent queries, watch set, keys of classes.

They are the tables of a memory in a folder, which holds no exemplars, so that each is read and written as there.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from visualmemory_gui.engine.errors import DamagedMemory, NotAMemory
from visualmemory_gui.engine.memory.forget import empty_log
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.store.kept_images import forget_contents

NAME = "tables-{}.vmem"


def open_local_tables(folder: Path, store: SharedStore, *, readonly: bool) -> OpenMemory:
    """Those in ``folder`` about the memory of ``store``, made where there are none. What an earlier memory of its name
    had is deleted, if they may be edited. Raises MemoryLocked, StorageError."""
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


def forget(tables: OpenMemory, contents: Iterable[str]) -> bool:
    """Take the images of these content ids, and their parts, out of every table; False if a reader keeps the log."""
    with tables.database.atomic():
        forget_contents(tables.database, [bytes.fromhex(content) for content in contents])
    return empty_log(tables.database)
