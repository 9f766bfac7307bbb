"""Uncaught errors, in a slot, a paint event or a thread: reported and logged, and the window goes on."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType

from visualmemory_gui.app.runtime.error_messages import log_line
from visualmemory_gui.app.runtime.tasks import Tasks

log = logging.getLogger("visualmemory_gui")

AGAIN_S = 10.0


class Uncaught:
    """Replaces Python's hooks of the main thread and of all others, until ``stop``.

    A repeated error from the same place within ten seconds is only logged: an image that cannot be painted must not
    reopen its dialog as soon as that is closed. Otherwise ``tell`` tells user and log. ``end`` is called when the
    user presses Ctrl-C in the terminal.
    """

    def __init__(self, tasks: Tasks, tell: Callable[[BaseException], object], *, end: Callable[[], object]) -> None:
        self._tasks = tasks
        self._tell = tell
        self._end = end
        self._before = (sys.excepthook, threading.excepthook)
        self._told: dict[str, float] = {}
        sys.excepthook = self.on_raised
        threading.excepthook = self.on_raised_in_thread

    def stop(self) -> None:
        sys.excepthook, threading.excepthook = self._before

    def on_raised(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Handle an error in the window's thread."""
        if issubclass(kind, KeyboardInterrupt):
            self._end()
            return
        try:
            place = log_line(error)
            if self._is_new(place):
                self._tell(error)
            else:
                log.error(place)
        finally:
            clear_frames(error)

    def on_raised_in_thread(self, raised: threading.ExceptHookArgs) -> None:
        error = raised.exc_value
        if error is not None:
            self._tasks.post(lambda: self.on_raised(type(error), error, error.__traceback__))

    def _is_new(self, place: str) -> bool:
        now, last = time.monotonic(), self._told.get(place, -AGAIN_S)
        self._told[place] = now
        return now - last >= AGAIN_S


def clear_frames(error: BaseException) -> None:
    """Drop what the functions in the traceback of ``error`` held: a QPainter that outlives its paint event crashes the
    process."""
    seen: BaseException | None = error
    while seen is not None:
        traceback.clear_frames(seen.__traceback__)
        seen = seen.__cause__ or seen.__context__
