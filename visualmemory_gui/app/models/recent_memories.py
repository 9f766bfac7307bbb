"""What is shown of recent memories: their images and counts, read off the window's thread without opening them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from visualmemory_gui.app.models.thumbnails import opaque, scaled
from visualmemory_gui.app.runtime.place import FILE
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.shared_memory.address import is_shared
from visualmemory_gui.engine.text.visible_text import how_many

TOPIC = "recent memories"
State = Literal["there", "missing", "unreadable", "shared"]


@dataclass(frozen=True, slots=True)
class RecentMemory:
    """One recent memory. ``facts`` are its lines, such as "3,300 exemplars" and "75 classes · 28 Nov 2026"."""

    path: str
    state: State
    facts: tuple[str, ...] = ()
    images: tuple[QImage, ...] = ()


class RecentMemoriesModel(QObject):
    """Reads recent memories; ``updated`` carries a RecentMemory for each, in the order asked for."""

    updated = Signal(list)

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks

    def look(self, paths: Sequence[str], side: int) -> None:
        """Read the memories at ``paths``, with images of at most ``side`` pixels."""

        def work() -> list[RecentMemory]:
            return [recent_memory(path, side) for path in paths]

        self._tasks.run_beside("Looking at recent memories", work, self.updated.emit, topic=TOPIC)


def recent_memory(path: str, side: int) -> RecentMemory:
    """What can be shown of the memory at ``path``; one that cannot be read says so. No server is asked."""
    from visualmemory_gui.engine.memory.glance import glance

    if is_shared(path):
        return RecentMemory(path, "shared", ("Shared memory", "on a Milvus server"))
    try:
        edited = _edited(Path(path))
        found = glance(path)
    except FileNotFoundError:
        return RecentMemory(path, "missing", ("Missing", "moved, or not connected"))
    except (VisualMemoryError, OSError):
        return RecentMemory(path, "unreadable", ("Cannot be read",))
    images = (opaque(scaled(data, side)) for data in found.thumbnails)
    facts = (how_many(found.exemplars), f"{how_many(found.classes, 'class')} · {day(edited)}")
    return RecentMemory(path, "there", facts, tuple(image for image in images if not image.isNull()))


def day(moment: float) -> str:
    """ "28 Nov 2026"; "today" for today."""
    if time.strftime("%F", time.localtime(moment)) == time.strftime("%F"):
        return "today"
    return time.strftime("%d %b %Y", time.localtime(moment)).lstrip("0")


def _edited(folder: Path) -> float:
    """When the memory was last written. Raises FileNotFoundError."""
    database = folder / FILE
    log = database.with_name(f"{FILE}-wal")
    return max(path.stat().st_mtime for path in (database, log) if path == database or path.is_file())
