"""The one memory that a server has open: for reading beside whoever edits it, or for editing, which locks it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.store.database import FILE
from visualmemory_gui.engine.types import Device

Stamp = tuple[tuple[int, int], ...]


class ServedMemory:
    """Hands out the open memory to one tool at a time, so that a flood of calls waits in a queue.

    Open for reading it is opened again when another process has edited it since. Raises as ``VisualMemory.open``.
    """

    def __init__(self, path: str, *, edit: bool, device: Device | None = None) -> None:
        self.editable = edit
        self._path, self._device = path, device
        self._lock = threading.Lock()
        self._stamp = _stamp(path)
        self._memory = self._opened()

    @contextmanager
    def use(self) -> Iterator[VisualMemory]:
        """The memory as it is now, for one caller at a time."""
        with self._lock:
            self._follow()
            yield self._memory

    def close(self) -> None:
        with self._lock:
            self._memory.close()

    def _opened(self) -> VisualMemory:
        return VisualMemory.open(self._path, readonly=not self.editable, device=self._device)

    def _follow(self) -> None:
        if self.editable or self._stamp == (now := _stamp(self._path)):
            return
        opened = self._opened()
        self._memory.close()
        self._memory, self._stamp = opened, now


def _stamp(path: str) -> Stamp:
    """Time and size of the database and of its log: different after every edit."""
    found = []
    for name in (FILE, f"{FILE}-wal"):
        try:
            state = Path(path, name).stat()
            found.append((state.st_mtime_ns, state.st_size))
        except OSError:
            found.append((0, 0))
    return tuple(found)
