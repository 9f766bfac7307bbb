"""How a long task tells where it is, and learns that it should stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from visualmemory_gui.engine.errors import Cancelled

PACE_AFTER_S = 2.0
FEW_PARTS = 20


class Report(Protocol):
    """Called by a task with what is done of what is to do. Raises ``Cancelled`` to stop the task.

    ``total`` is None while it is not known yet; ``what`` names the phase when it changes.
    """

    def __call__(self, done: int, total: int | None, what: str = "") -> None: ...


def silent(done: int, total: int | None, what: str = "") -> None:
    """The report of a task nobody watches."""


class Pace:
    """How fast a task goes and how long it still takes, phase by phase; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._what: str | None = None
        self._first, self._began = 0, 0.0

    def text(self, done: int, total: int | None, what: str = "") -> str:
        """ "23/s, 2 min left"; empty in the first two seconds of the phase ``what`` and for a few large parts."""
        if total is not None and total < FEW_PARTS:
            return ""
        now = self._clock()
        if what != self._what or done < self._first:
            self._what, self._first, self._began = what, done, now
        seconds = now - self._began
        if seconds < PACE_AFTER_S or done <= self._first:
            return ""
        rate = (done - self._first) / seconds
        speed = f"{rate:,.0f}/s" if rate >= 1 else f"{60 * rate:,.0f}/min"
        if total is None or total <= done:
            return speed
        return f"{speed}, {duration((total - done) / rate)} left"


def duration(seconds: float) -> str:
    """ "40 s", "2 min", "3 h 20 min"."""
    if seconds < 55:
        return f"{max(round(seconds, -1) if seconds > 10 else round(seconds), 1):.0f} s"
    minutes = max(round(seconds / 60), 1)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class CancelToken:
    """A flag that one thread sets and a task in another thread reads through its report."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def guard(self, report: Callable[[int, int | None, str], None]) -> Report:
        """Wrap ``report`` so that it raises ``Cancelled`` once the token is set."""

        def guarded(done: int, total: int | None, what: str = "") -> None:
            if self.cancelled:
                raise Cancelled
            report(done, total, what)

        return guarded
