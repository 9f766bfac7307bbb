"""What a memory consists of, for those who read it part by part."""

from __future__ import annotations

from pathlib import Path

from visualmemory_gui.engine.live import LiveMemory
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.history import History
from visualmemory_gui.engine.store.kept import Kept
from visualmemory_gui.engine.store.keys import Keys
from visualmemory_gui.engine.store.queries import Queries
from visualmemory_gui.engine.store.tags import Tags
from visualmemory_gui.engine.store.watch import Watch
from visualmemory_gui.engine.types import EncoderIdentity, MemorySettings


class Parts:
    """The exemplars, their history, and what is kept beside them."""

    def __init__(self, live: LiveMemory) -> None:
        self.live = live

    @property
    def path(self) -> Path:
        return self.live.folder

    @property
    def readonly(self) -> bool:
        return self.live.readonly

    @property
    def identity(self) -> EncoderIdentity:
        return self.live.identity

    @property
    def catalog(self) -> Catalog:
        return self.live.catalog

    @property
    def history(self) -> History:
        return self.live.history

    @property
    def queries(self) -> Queries:
        return self.live.queries

    @property
    def watch(self) -> Watch:
        return self.live.watch

    @property
    def kept(self) -> Kept:
        return self.live.kept

    @property
    def keys(self) -> Keys:
        return self.live.keys

    @property
    def tags(self) -> Tags:
        return self.live.tags

    @property
    def settings(self) -> MemorySettings:
        return self.live.settings

    @property
    def snapshot(self) -> Snapshot:
        """The arrays that decisions read, as they are now; they never change."""
        return self.live.snapshot
