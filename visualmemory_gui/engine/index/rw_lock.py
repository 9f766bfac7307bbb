"""A lock that many readers hold together or one writer alone."""

from __future__ import annotations

import threading
from collections.abc import Callable


class SharedLock:
    """Searches of the graph run side by side; a change of the graph waits for them, and new ones wait for it.

    Not reentrant. A waiting writer goes before new readers, so that a stream of searches cannot hold up an edit.
    ``shared`` and ``alone`` are for ``with``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._readers = 0
        self._writing = False
        self._writers_waiting = 0
        self._waiting = 0
        self.shared = _Held(self._begin_shared, self._end_shared)
        self.alone = _Held(self._begin_alone, self._end_alone)

    def _begin_shared(self) -> None:
        with self._lock:
            while self._writing or self._writers_waiting:
                self._wait()
            self._readers += 1

    def _end_shared(self) -> None:
        with self._lock:
            self._readers -= 1
            if not self._readers and self._waiting:
                self._changed.notify_all()

    def _begin_alone(self) -> None:
        with self._lock:
            self._writers_waiting += 1
            try:
                while self._writing or self._readers:
                    self._wait()
            finally:
                self._writers_waiting -= 1
            self._writing = True

    def _end_alone(self) -> None:
        with self._lock:
            self._writing = False
            if self._waiting:
                self._changed.notify_all()

    def _wait(self) -> None:
        self._waiting += 1
        try:
            self._changed.wait()
        finally:
            self._waiting -= 1


class _Held:
    """Holds the lock in one of its two ways for the length of a block. Keeps nothing, so one serves all threads."""

    __slots__ = ("_begin", "_end")

    def __init__(self, begin: Callable[[], None], end: Callable[[], None]) -> None:
        self._begin = begin
        self._end = end

    def __enter__(self) -> None:
        self._begin()

    def __exit__(self, *error: object) -> None:
        self._end()
