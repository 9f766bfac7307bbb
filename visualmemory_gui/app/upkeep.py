"""What a memory needs from time to time while nobody waits for it: its thresholds of known and unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.progress import Report

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory

QUIET_MS = 1500


def measure(memory: VisualMemory, report: Report) -> bool:
    """Measure the thresholds anew if too much changed since. Whether it was done."""
    decider, snapshot = memory.live.decider, memory.snapshot
    decider.deferred = True
    if not decider.stale(snapshot):
        return False
    memory.refresh(report)
    return True


class Upkeep(QObject):
    """Waits until the edits pause, then measures in the background and decides the query anew."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._timer = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._timer.timeout.connect(self.on_quiet)
        session.memory_opened.connect(self.on_quiet)
        session.memory_closed.connect(self._timer.stop)
        session.changed.connect(lambda _: self._timer.start())

    def on_quiet(self) -> None:
        self._session.run_background("Measuring what is known", measure, self._measured)

    def _measured(self, done: bool) -> None:
        if done:
            self._session.decision.decide_again()
