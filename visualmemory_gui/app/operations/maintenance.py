"""What a memory needs from time to time while it is idle: its index on disk, and its usual distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.operations.edit import Job
from visualmemory_gui.app.operations.settings import offer_new_settings
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.decision import distance_scale
from visualmemory_gui.engine.decision.distance_scale import Closeness
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory, WholeMemory

QUIET_MS = 1500


def measured(memory: WholeMemory, known: Closeness | None) -> Closeness:
    """What distances mean in ``memory``; ``known`` while that is still valid."""
    snapshot = memory.snapshot
    return distance_scale.measure(snapshot) if known is None or known.stale(snapshot) else known


class Upkeep(QObject):
    """Waits for a pause in the edits, then does what is due in the background and decides the query again."""

    done = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._told: Memory | None = None  # whose damaged index was reported
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.on_quiet)
        self._opening = False
        session.memory_opened.connect(self.on_opened)
        session.tasks.idle.connect(self.on_idle)
        session.memory_closed.connect(self._timer.stop)
        session.changed.connect(self.on_changed)

    def on_opened(self) -> None:
        """Wait until the window is idle: what the user is looking at comes first."""
        self._opening = True

    def on_changed(self, changes: Changes) -> None:
        """Wait for a pause; after a forget do at once what it left undone: what was usual here went with it."""
        self._timer.start(0 if changes.forgotten else QUIET_MS)

    def on_idle(self) -> None:
        if self._opening:
            self._opening = False
            self.on_quiet()

    def on_quiet(self) -> None:
        known = self._session.decision.closeness
        if (rows := self._session.whole) is not None:
            title = "Measuring distances"
            Job(title, lambda m, _: (m, measured(rows, known)), self._measured, only_reads=True).run(self._session)
        title = "Maintaining the memory"
        Job(title, lambda m, report: m.maintenance.run(report), self._maintained, only_reads=True).run(self._session)

    def _measured(self, found: tuple[Memory, Closeness]) -> None:
        memory, known = found
        if memory is self._session.memory:
            self._session.decision.set_closeness(known)

    def _maintained(self, moved: bool) -> None:
        if moved:
            self._session.decision.decide_again()
        memory = self._session.memory
        if memory is not None and memory.maintenance.index_damage and self._told is not memory:
            self._told = memory
            damage = memory.maintenance.index_damage.rstrip(".")
            self._session.post_note(f"The index is being rebuilt because {damage}.")
        offer_new_settings(self._session)
        self.done.emit()
