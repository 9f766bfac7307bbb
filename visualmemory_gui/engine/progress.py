"""How a long task reports its progress and finds out that it should stop."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.text.visible_text import size_text

PACE_AFTER_S = 2.0
RECENT_S, MARK_EVERY_S = 15.0, 0.2
FEW_PARTS = 20


class Bytes(int):
    """A count of bytes: a task that reports in them is shown in MB."""


def amount(count: int) -> str:
    """ "1,200", or "12 MB"."""
    return size_text(count) if isinstance(count, Bytes) else f"{count:,}"


class Report(Protocol):
    """Called by a task with how much is done of how much there is to do. Raises ``Cancelled`` to stop the task.

    ``total`` is None while it is not known yet; ``what`` names the phase when it changes.
    """

    def __call__(self, done: int, total: int | None, what: str = "") -> None: ...


def silent(done: int, total: int | None, what: str = "") -> None:
    """The report of a task that no one watches."""


class Pace:
    """How fast a task runs and how long it will still take, phase by phase; ``clock`` gives seconds.

    The speed is that of the last ``RECENT_S`` seconds. The first part is not counted: a model is loaded and caches are
    filled before it is done, and a task that takes 80 seconds would begin with "25 min left".
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._what: str | None = None
        self._last = 0
        self._marks: deque[tuple[float, int]] = deque()  # (time, done), from the first part on

    def text(self, done: int, total: int | None, what: str = "") -> str:
        """ "23/s, 2 min left"; empty in the first two seconds of the phase ``what`` and for a few large parts."""
        if total is not None and total < FEW_PARTS:
            return ""
        now = self._clock()
        self._mark(now, done, what)
        began, first = self._marks[0] if self._marks else (now, done)
        if now - began < PACE_AFTER_S or done <= first:
            return ""
        rate = (done - first) / (now - began)
        if isinstance(done, Bytes):
            speed = f"{size_text(rate)}/s"
        else:
            speed = f"{rate:,.0f}/s" if rate >= 1 else f"{60 * rate:,.0f}/min"
        if total is None or total <= done:
            return speed
        return f"{speed}, {duration((total - done) / rate)} left"

    def _mark(self, now: float, done: int, what: str) -> None:
        if (what and what != self._what) or done < self._last:
            self._marks.clear()
        elif done > self._last and not (self._marks and now - self._marks[-1][0] < MARK_EVERY_S):
            self._marks.append((now, done))
        self._what, self._last = what or self._what, done
        while len(self._marks) > 2 and now - self._marks[1][0] >= RECENT_S:
            self._marks.popleft()


def duration(seconds: float) -> str:
    """A time span in words: "40 s", "2 min", "3 h 20 min"."""
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
