"""What a device could not do, so that the CPU does it: noted once for the whole process, for whoever shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from visualmemory_gui.engine.device.room import attempt
from visualmemory_gui.engine.errors import DeviceError, DeviceReason

Work = Literal["encoding", "reading words", "searching", "voting", "fitting trust", "computing"]
WORKS: tuple[Work, ...] = get_args(Work)
T = TypeVar("T")
_WHY: Mapping[DeviceReason, str] = {
    "memory": "ran out of memory",
    "room": "has no room for these vectors",
    "lost": "stopped working",
    "absent": "is not on this computer",
}


@dataclass(frozen=True, slots=True)
class Fallback:
    """``work`` is done on the CPU in place of ``device``, and why."""

    work: Work
    device: str
    reason: DeviceReason

    def __str__(self) -> str:
        """ "cuda:0 ran out of memory: searching on the CPU"."""
        return f"{self.device} {_WHY[self.reason]}: {self.work} on the CPU"


class Fallbacks:
    """The fallbacks in effect, in the order in which they were noted. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: dict[Work, Fallback] = {}
        self._callbacks: list[Callable[[Fallback], object]] = []

    def note(self, fallback: Fallback) -> None:
        """Record ``fallback`` and notify the listeners, in this thread; one that is noted already says nothing new."""
        with self._lock:
            if self._noted.get(fallback.work) == fallback:
                return
            self._noted[fallback.work] = fallback
            callbacks = tuple(self._callbacks)
        for callback in callbacks:
            callback(fallback)

    def clear(self, *works: Work) -> None:
        """Note that the device is tried again for these kinds of work."""
        with self._lock:
            for work in works:
                self._noted.pop(work, None)

    @property
    def now(self) -> tuple[Fallback, ...]:
        with self._lock:
            return tuple(self._noted.values())

    def subscribe(self, callback: Callable[[Fallback], object]) -> Callable[[], None]:
        """Call ``callback(fallback)`` for each new one, in the thread that notes it. Returns what ends it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None


fallbacks = Fallbacks()
"""Those of this process."""


def on_device(doing: Work, device: str, work: Callable[[], T]) -> T | None:
    """The result of ``work``, which computes on ``device``; None where the device cannot go on, which is noted: it is
    to be done on the CPU, as all that follows."""
    try:
        return attempt(device, work)
    except DeviceError as error:
        fallbacks.note(Fallback(doing, device, error.reason))
        return None
