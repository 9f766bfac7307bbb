"""The settings of a shared memory, which all who use it decide by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.store import settings
from visualmemory_gui.engine.types import MemorySettings

NAME = "settings"


def write(store: SharedStore, values: MemorySettings) -> None:
    """Keep all of them."""
    store.put(NAME, texts(values))


def read(store: SharedStore) -> MemorySettings:
    """What is kept; the default for what is missing or cannot be read. Settings of a newer version are left alone."""
    kept = store.get(NAME)
    found = MemorySettings()
    for name, text in kept.items() if isinstance(kept, dict) else ():
        try:
            found = settings.settings_with(found, {name: str(text)})
        except BadValue:
            continue
    return found


def texts(values: MemorySettings) -> Mapping[str, str]:
    """Each setting as it is typed."""
    return {
        name: settings.SWITCH[value] if isinstance(value, bool) else str(value)
        for name, value in asdict(values).items()
    }
