"""Python's garbage collection of reference cycles, confined to the window's thread.

It runs in whichever thread happens to allocate, and frees what it finds there. A Qt object destroyed outside
its own thread crashes the process: timers, models and dying widgets would vanish while the window paints them.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer, Slot

EVERY_MS = 500
REST = 20.0  # times as long as it took is no other collection of all generations


class Garbage(QObject):
    """From its creation until ``stop``, cycles are collected here, between two events, and in no other thread.

    Created and stopped in the window's thread. Several may exist together; the last to stop hands it back to Python.
    """

    _alive = 0
    _all_from = 0.0  # when all generations may be collected again, by the monotonic clock

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
        """Collect the oldest generation that is over its limit. Like Python's own, but by time and not by count, the
        collection of all takes a small share only."""
        counts, limits, began = gc.get_count(), gc.get_threshold(), time.monotonic()
        of_all = len(counts) - 1
        due = [generation for generation in range(len(counts)) if 0 < limits[generation] < counts[generation]]
        if due and due[-1] == of_all and began >= Garbage._all_from:
            gc.collect(of_all)
            ended = time.monotonic()
            Garbage._all_from = ended + REST * (ended - began)
        elif due:
            gc.collect(min(due[-1], of_all - 1))
