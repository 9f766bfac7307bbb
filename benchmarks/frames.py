"""When the window has painted, how late its event loop is: what benchmarks of the window read their times from."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from visualmemory_gui.app.main_window import MainWindow

BEAT_MS = 5
PATIENCE_S = 30.0


class Painted(QObject):
    """``at`` is when the last frame was finished in which ``widget`` was painted again."""

    POSTED = QEvent.Type(QEvent.registerEventType())

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.at = 0.0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            QApplication.postEvent(self, QEvent(self.POSTED))  # comes when the whole frame is painted
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() == self.POSTED:
            self.at = time.perf_counter()
            return True
        return super().event(event)


class Decided:
    """Whether the window has painted a decision that it took over after a moment."""

    def __init__(self, window: MainWindow) -> None:
        self._at = 0.0
        self._frame = Painted(window.decide.decision.bars)
        window.session.decision.decided.connect(self._note_time)

    def _note_time(self) -> None:
        self._at = time.perf_counter()

    def shown_since(self, start: float) -> bool:
        return start < self._at < self._frame.at

    def ms_since(self, start: float) -> float:
        return (self._frame.at - start) * 1e3


class Heartbeat:
    """Collects by how many milliseconds the event loop is late for each beat, those too that it missed altogether."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        waited = (now - self._last) * 1e3
        self.late += [max(0.0, waited - beat * BEAT_MS) for beat in range(1, max(2, int(waited / BEAT_MS) + 1))]
        self._last = now

    def stop(self) -> list[float]:
        self._timer.stop()
        return self.late


def wait_for(there: Callable[[], object]) -> None:
    """Let the event loop run until ``there()``; between events it sleeps, as it does under a user's hands."""
    end = time.monotonic() + PATIENCE_S
    while not there():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile and largest."""
    ordered = sorted(values)
    return {
        "median": statistics.median(ordered),
        "p99": ordered[round(0.99 * (len(ordered) - 1))],
        "slowest": ordered[-1],
        "times": len(ordered),
    }
