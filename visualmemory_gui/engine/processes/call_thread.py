"""A thread for calls that wait for a network: they cannot be told to stop, but who waits for them can leave."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

POLL_S = 0.05
_LEAVE_S = 0.2
T = TypeVar("T")


class CallThread:
    """Makes calls one at a time on a daemon thread of its own. Use it as a context manager.

    A call that is left ends by its own time limit, or when its connection is cut; what it returns is dropped.
    """

    def __init__(self, name: str) -> None:
        self._calls = SimpleQueue[Callable[[], Any] | None]()
        self._ended = SimpleQueue[tuple[Any, BaseException | None]]()
        self._thread = Thread(target=self._work, name=name, daemon=True)

    def __enter__(self) -> CallThread:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._calls.put(None)
        self._thread.join(_LEAVE_S)

    def run(self, call: Callable[[], T], look: Callable[[], object]) -> T:
        """What ``call`` returns or raises; ``look`` is called every 50 ms meanwhile and leaves by raising."""
        self._calls.put(call)
        while True:
            try:
                found, error = self._ended.get(timeout=POLL_S)
                break
            except Empty:
                look()
        if error is not None:
            raise error
        return found  # type: ignore[no-any-return]

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                self._ended.put((call(), None))
            except BaseException as error:
                self._ended.put((None, error))
