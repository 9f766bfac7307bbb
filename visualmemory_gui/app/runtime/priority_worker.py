"""A thread that runs jobs in order of priority: the user's edits before the window's questions."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import TypeVar

Result = TypeVar("Result")


class Urgency(IntEnum):
    """Priorities of jobs. ``EDIT`` overtakes ``QUESTION``, whose answer is read from the memory as it is by then."""

    EDIT = 0
    QUESTION = 1


@dataclass(order=True, slots=True)
class _Job:
    era: int
    urgency: Urgency
    number: int
    run: Callable[[], None] = field(compare=False)


class Lane:
    """One worker. The most urgent job runs first, equal ones in order of arrival; a running job is not interrupted."""

    def __init__(self, name: str) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._waiting: list[_Job] = []
        self._numbers = itertools.count()
        self._era = 0

    def submit(
        self, job: Callable[[], Result], urgency: Urgency = Urgency.EDIT, *, in_turn: bool = False
    ) -> Future[Result]:
        """Queue a job, from any thread. One ``in_turn`` neither overtakes nor is overtaken."""
        promise: Future[Result] = Future()
        with self._lock:
            self._era += in_turn
            run = partial(_fulfil, promise, job)
            heapq.heappush(self._waiting, _Job(self._era, urgency, next(self._numbers), run))
            self._era += in_turn
            self._worker.submit(self._run_next)
        return promise

    @property
    def waited_for(self) -> bool:
        """Whether another job waits for the running one."""
        return bool(self._waiting)

    def shutdown(self) -> None:
        """Run the waiting jobs, then end."""
        self._worker.shutdown(wait=True)

    def _run_next(self) -> None:
        with self._lock:
            job = heapq.heappop(self._waiting)
        job.run()


def _fulfil(promise: Future[Result], job: Callable[[], Result]) -> None:
    try:
        promise.set_result(job())
    except BaseException as error:
        promise.set_exception(error)
