"""How a long task tells where it is, and learns that it should stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from visualmemory_gui.engine.errors import Cancelled


class Report(Protocol):
    """Called by a task with what is done of what is to do. Raises ``Cancelled`` to stop the task.

    ``total`` is None while it is not known yet; ``what`` names the phase when it changes.
    """

    def __call__(self, done: int, total: int | None, what: str = "") -> None: ...


def silent(done: int, total: int | None, what: str = "") -> None:
    """The report of a task nobody watches."""


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
