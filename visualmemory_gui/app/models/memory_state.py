"""The state of the memory that the window's frame shows: its size, its index, what undo and redo would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.device.fallback import fallbacks
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.types import IndexState

STATE = "state"


@dataclass(frozen=True, slots=True)
class MemoryState:
    """The state. ``undo`` and ``redo`` name the steps, None if there is none; ``fallbacks`` say what a GPU left."""

    name: str
    memory: str
    index: str
    undo: str | None
    redo: str | None
    fallbacks: tuple[str, ...] = ()


def read_state(memory: Memory) -> MemoryState:
    """Read the whole state, off the window's thread."""
    active, struck = memory.active_and_struck()
    undo, redo = memory.history.can_undo(), memory.history.can_redo()
    classes = len(memory.class_counts())
    return MemoryState(
        name=memory.name,
        memory=holdings(active, struck, classes),
        index=index_text(memory.maintenance.index_state()),
        undo=undo.name if undo else None,
        redo=redo.name if redo else None,
        fallbacks=tuple(map(str, fallbacks.now)),
    )


def holdings(active: int, struck: int, classes: int) -> str:
    """ "412 exemplars · 3 struck · 12 classes"."""
    parts = [how_many(active)]
    if struck:
        parts.append(f"{struck:,} struck")
    parts.append(how_many(classes, "class"))
    return " · ".join(parts)


def index_text(index: IndexState) -> str:
    """ "exact search on cuda · no index needed", "HNSW · index on disk: 3 edits behind"."""
    where = f" on {index.server or index.device}" if index.server or index.device else ""
    mode = f"exact search{where}" if index.kind == "exact" else f"HNSW{where if index.server else ''}"
    if index.server:
        return mode
    if index.behind is None:
        return f"{mode} · {'no index needed' if index.kind == 'exact' else 'index on disk: none yet'}"
    if index.behind == 0:
        return f"{mode} · index on disk: current"
    return f"{mode} · index on disk: {how_many(index.behind, 'edit')} behind"


class MemoryStateModel(QObject):
    """Holds the last state read; ``state`` is None while no memory is open."""

    updated = Signal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._memory: Memory | None = None
        self.state: MemoryState | None = None

    def set_memory(self, memory: Memory | None) -> None:
        self._tasks.supersede(STATE)
        self._memory, self.state = memory, None
        self.updated.emit()
        self.refresh()

    def refresh(self, wait_ms: int = 0) -> None:
        """Read the state again, after ``wait_ms``."""
        memory = self._memory
        if memory is not None:
            self._tasks.run_edit(
                "Counting",
                lambda: read_state(memory),
                self._take,
                self._tasks.passed_over,
                topic=STATE,
                wait_ms=wait_ms,
            )

    def _take(self, state: MemoryState) -> None:
        self.state = state
        self.updated.emit()
