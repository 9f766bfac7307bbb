"""Python's garbage collection of reference cycles, confined to the window's thread.

It runs in whichever thread happens to allocate, and frees what it finds there. A Qt object destroyed outside
its own thread crashes the process: timers, models and dying widgets would vanish while the window paints them.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

EVERY_MS = 500


class Garbage(QObject):
    """From its creation until ``stop``, cycles are collected here, between two events, and in no other thread.

    Created and stopped in the window's thread. Several may exist together; the last to stop hands it back to Python.
    """

    _alive = 0

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        Garbage._alive += 1
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.on_due)
        self._timer.start()

    def stop(self) -> None:
        """Stop; calling it again does nothing."""
        if not self._timer.isActive():
            return
        self._timer.stop()
        Garbage._alive -= 1
        gc.unfreeze()
        if not Garbage._alive:
            gc.enable()

    def leave_alone(self) -> None:
        """Exempt all present objects: going through all that libraries and models hold would freeze the window."""
        gc.collect(0)
        gc.freeze()

    def search_all(self) -> None:
        """End that exemption: what is released with a memory may be a cycle."""
        gc.unfreeze()

    @Slot()
    def on_due(self) -> None:
        """Collect the oldest generation that is over its limit, as Python would."""
        counts, limits = gc.get_count(), gc.get_threshold()
        due = [generation for generation in range(len(counts)) if 0 < limits[generation] < counts[generation]]
        if due:
            gc.collect(due[-1])
