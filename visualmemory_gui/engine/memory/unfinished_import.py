"""An import of a folder that did not come to its end: it was stopped, or its process ended.

The note of it lies among the derived values, so a forget erases it. It counts only where this installation wrote it: a
memory from someone else cannot name a folder of this computer.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass, replace

from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.files import installation
from visualmemory_gui.engine.files.path_kind import is_folder
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.store import sources

NAME = "unfinished import"


@dataclass(frozen=True, slots=True)
class UnfinishedImport:
    """What the import was asked for; ``added`` of its ``images`` are in the memory, struck ones included."""

    folder: str
    images: int
    copy: bool = False
    label: str | None = None
    group_by: str | None = None
    added: int = 0


def begin(live: OpenMemory, begun: UnfinishedImport) -> None:
    """Note the import before its first image is written, in place of an earlier one."""
    text = json.dumps(asdict(begun))
    live.derived.put(NAME, json.dumps([text, installation.seal(text.encode())]), live.catalog.change())


def end(live: OpenMemory) -> None:
    """Forget the note: the import is complete, or not wanted any more."""
    live.derived.drop(NAME)


def unfinished_import(live: OpenMemory) -> UnfinishedImport | None:
    """The import that can be continued; None where there is none, its folder is gone, or nothing of it is left."""
    kept = live.derived.get(NAME)
    if kept is None or live.readonly:
        return None
    try:
        text, seal = json.loads(kept[0])
        if not hmac.compare_digest(seal, installation.seal(text.encode())):
            return None
        found = UnfinishedImport(**json.loads(text))
    except (ValueError, TypeError, AttributeError, VisualMemoryError, OSError):
        return None
    added = sources.count_below(live.database, found.folder)
    return replace(found, added=added) if 0 < added < found.images and is_folder(found.folder) else None
