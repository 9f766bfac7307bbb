"""The digits that the user gave to classes; they belong to a memory, whatever the neighbours of a query are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

TOPIC = "class keys"


class ClassKeysModel(QObject):
    """The class keys of the open memory, as digit -> label."""

    updated = Signal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._memory: Memory | None = None
        self.keys: dict[int, str] = {}

    def set_memory(self, memory: Memory | None) -> None:
        self._tasks.supersede(TOPIC)
        self._memory = memory
        self._take({})
        self.refresh()

    def refresh(self) -> None:
        memory = self._memory
        if memory is not None:
            self._tasks.run_edit("Reading keys", memory.keys.all, self._take, topic=TOPIC)

    def on_changed(self, changes: Changes) -> None:
        """Read the keys again: a class may have been renamed, or be gone, and its key with it."""
        if self.keys and changes.ids:
            self.refresh()

    def _take(self, keys: dict[int, str]) -> None:
        if keys != self.keys:
            self.keys = keys
            self.updated.emit()
