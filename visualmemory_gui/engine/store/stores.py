"""All that one open database holds, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from visualmemory_gui.engine.store import schema, settings
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.derived import Derived
from visualmemory_gui.engine.store.files import ImageFiles
from visualmemory_gui.engine.store.history import History
from visualmemory_gui.engine.store.kept import Kept
from visualmemory_gui.engine.store.keys import Keys
from visualmemory_gui.engine.store.queries import Queries
from visualmemory_gui.engine.store.queue import QueueRows
from visualmemory_gui.engine.store.tags import Tags
from visualmemory_gui.engine.store.watch import Watch
from visualmemory_gui.engine.types import EncoderIdentity, MemorySettings


class Stores:
    """Made once for each memory that is opened."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.folder: Path = database.folder
        self.readonly = database.readonly
        self.identity: EncoderIdentity = schema.encoder_identity(database)
        self.catalog = Catalog(database)
        self.history = History(database, self.catalog)
        self.queries = Queries(database)
        self.queue_rows = QueueRows(database)
        self.watch = Watch(database)
        self.kept = Kept(database)
        self.keys = Keys(database)
        self.tags = Tags(database)
        self.files = ImageFiles(self.folder)
        self.derived = Derived(database)
        self.take_settings(settings.load(database))

    def take_settings(self, loaded: settings.Loaded) -> None:
        """Let these serve from now on."""
        self.settings: MemorySettings = loaded.settings
        self.damaged_settings: Mapping[str, str] = loaded.damaged
