"""Work off the window's thread: executors of one worker each, and one signal that returns the results.

``edits`` takes short jobs (edits and decisions), ``background`` the long ones (import, study, rebuild, loading the
encoder). A long job hands each of its writes to ``edits`` and waits for it, so a manual edit overtakes an import.
``beside`` takes questions too long for ``edits`` whose answer the user waits for, even during an import.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from visualmemory_gui.app.runtime.gui_thread_gc import Garbage
from visualmemory_gui.app.runtime.malloc_trim import give_back
from visualmemory_gui.app.runtime.priority_worker import Lane, Urgency
from visualmemory_gui.engine.errors import Cancelled, ServerError
from visualmemory_gui.engine.progress import CancelToken, Pace, Report

Result = TypeVar("Result")
PROGRESS_EVERY_S = 0.05
LONG_S = 1.0


class Task:
    """One piece of work: its title, its progress, and the flag that stops it.

    ``total`` is None while it is unknown. ``topic`` names a question whose older answers are worthless; among the
    tasks of one topic only that of the highest ``generation`` reports back. ``once`` names a job that is not started
    again while it waits or runs.
    """

    def __init__(
        self, title: str, *, topic: str = "", generation: int = 0, stoppable: bool = False, once: str = ""
    ) -> None:
        self.title = title
        self.topic = topic
        self.once = once
        self.generation = generation
        self.stoppable = stoppable
        self.token = CancelToken()
        self.done = 0
        self.total: int | None = None
        self.what = ""
        self.pace = ""
        self.began = time.monotonic()

    def cancel(self) -> None:
        self.token.cancel()

    @property
    def cancelled(self) -> bool:
        return self.token.cancelled


class Tasks(QObject):
    """The executors. Its methods are called from the window's thread unless they say otherwise."""

    started = Signal(object)  # Task
    progressed = Signal(object)  # Task
    finished = Signal(object)  # Task
    crashed = Signal(object, object)  # Task and an exception that no one else handled
    idle = Signal()
    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._edits = Lane("edits")
        self._background = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="beside")
        self._running: list[Task] = []
        self._newest: dict[str, int] = {}
        self._closed = False
        self.garbage = Garbage(self)  # no Qt object is destroyed in one of these threads
        self._posted.connect(self.on_posted, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> tuple[Task, ...]:
        """The waiting and running tasks, oldest first."""
        return tuple(self._running)

    @property
    def running_jobs(self) -> frozenset[str]:
        """The waiting and running jobs that must not be started twice."""
        return frozenset(task.once for task in self._running if task.once)

    def running_job(self, once: str) -> Task | None:
        """The waiting or running task of the job ``once``."""
        return next((task for task in self._running if once and task.once == once), None)

    @property
    def busy(self) -> bool:
        return bool(self._running)

    def run_edit(
        self,
        title: str,
        fn: Callable[[], Result],
        then: Callable[[Result], object] | None = None,
        failed: Callable[[BaseException], object] | None = None,
        *,
        topic: str = "",
        once: str = "",
        wait_ms: int = 0,
        in_turn: bool = False,
    ) -> Task:
        """Run ``fn()`` in the edits' thread; then ``then(result)`` or ``failed(error)`` in the window's thread.

        A job with a ``topic`` is a question, and edits overtake it. With ``wait_ms`` it is queued only after that time,
        behind whatever arrived before. A job ``in_turn`` runs after everything that arrived before it. If the job
        ``once`` is running, nothing is started and its task is returned.
        """
        if (running := self.running_job(once)) is not None:
            return running
        task = self._new(title, topic, stoppable=False, once=once)
        urgency = Urgency.QUESTION if topic or wait_ms else Urgency.EDIT

        def submit() -> None:
            if not self._closed:
                self._edits.submit(partial(self._work, task, fn, then, failed), urgency, in_turn=in_turn)

        return self._begin(task, partial(QTimer.singleShot, wait_ms, self, submit) if wait_ms else submit)

    def run_background(
        self,
        title: str,
        fn: Callable[[Report], Result],
        then: Callable[[Result], object] | None = None,
        failed: Callable[[BaseException], object] | None = None,
        *,
        topic: str = "",
        once: str = "",
        stoppable: bool = True,
    ) -> Task:
        """Like ``run_edit`` for a long job, ``fn(report)``. If it is stopped, ``failed`` gets ``Cancelled``.

        ``stoppable`` is False for a job that never calls ``report``.
        """
        if (running := self.running_job(once)) is not None:
            return running
        task = self._new(title, topic, stoppable=stoppable, once=once)
        report = task.token.guard(self._reporter(task))
        work = partial(self._work, task, lambda: _and_tidy(fn, report), then, failed)
        return self._begin(task, lambda: self._background.submit(work))

    def run_beside(
        self,
        title: str,
        fn: Callable[[], Result],
        then: Callable[[Result], object] | None = None,
        failed: Callable[[BaseException], object] | None = None,
        *,
        topic: str,
    ) -> Task:
        """Like ``run_edit`` for a slow question of ``topic`` that only reads: neither an edit nor an
        import waits for it, and it waits for neither."""
        task = self._new(title, topic, stoppable=False)
        return self._begin(task, lambda: self._beside.submit(self._work, task, fn, then, failed))

    def write(self, job: Callable[[], Result]) -> Result:
        """Run ``job`` in the edits' thread and wait for it. For jobs in the background thread only."""
        return self._edits.submit(job, Urgency.QUESTION).result()

    def give_way(self, done: int = 0, total: int | None = None, what: str = "") -> None:
        """A ``Report`` for a question not worth waiting for: it raises Cancelled as soon as any other job of the edits'
        thread waits."""
        if self._edits.waited_for:
            raise Cancelled

    def post(self, call: Callable[[], object]) -> None:
        """Run ``call`` soon in the window's thread. From any thread."""
        self._posted.emit(call)

    def passed_over(self, error: BaseException) -> None:
        """Report what fails of a question that nobody asked: not that a server is gone, which the status bar says."""
        if not isinstance(error, (Cancelled, ServerError)):
            self.crashed.emit(None, error)

    def waits_for(self, topic: str) -> bool:
        """Whether the newest answer of ``topic`` is still to come."""
        return any(task.topic == topic and not self._is_stale(task) for task in self._running)

    def supersede(self, topic: str) -> None:
        """Keep all tasks of ``topic`` started so far from reporting back."""
        self._newest[topic] = self._newest.get(topic, 0) + 1

    def shutdown(self, last: Callable[[], object] | None = None) -> None:
        """Stop what can be stopped, finish the edits, run ``last`` in their thread, then end all threads."""
        if self._closed:
            return
        self._closed = True
        for task in self._running:
            if task.stoppable:
                task.cancel()
        for worker in (self._background, self._beside):
            worker.shutdown(wait=True, cancel_futures=True)
        try:
            if last is not None:
                self._edits.submit(last, in_turn=True).result()
        finally:
            self._edits.shutdown()
            self.garbage.stop()

    @Slot(object)
    def on_posted(self, call: Callable[[], object]) -> None:
        call()

    def _new(self, title: str, topic: str, *, stoppable: bool, once: str = "") -> Task:
        if topic:
            self.supersede(topic)
        return Task(title, topic=topic, generation=self._newest.get(topic, 0), stoppable=stoppable, once=once)

    def _begin(self, task: Task, submit: Callable[[], object]) -> Task:
        if not self._closed:
            self._running.append(task)
            submit()
            self.started.emit(task)
        return task

    def _work(
        self,
        task: Task,
        fn: Callable[[], Result],
        then: Callable[[Result], object] | None,
        failed: Callable[[BaseException], object] | None,
    ) -> None:
        """Run ``fn`` in a worker's thread; nothing that it raises is lost."""
        tell: Callable[[], object] | None = None
        try:
            if task.cancelled or self._is_stale(task):
                raise Cancelled
            result = fn()
            if then is not None:
                tell = partial(then, result)
        except BaseException as error:
            tell = partial(failed or partial(self._crashed, task), error)
        self.post(partial(self._end, task, tell))

    def _end(self, task: Task, tell: Callable[[], object] | None) -> None:
        """Report the outcome in the window's thread, unless it is outdated."""
        task.once = ""  # callbacks may start the job again
        try:
            if tell is not None and not self._is_stale(task):
                tell()
        finally:
            self._running.remove(task)
            self.finished.emit(task)
            if not self._running:
                self.idle.emit()

    def _crashed(self, task: Task, error: BaseException) -> None:
        if not isinstance(error, Cancelled):
            self.crashed.emit(task, error)

    def _is_stale(self, task: Task) -> bool:
        return bool(task.topic) and task.generation < self._newest.get(task.topic, 0)

    def _reporter(self, task: Task) -> Callable[[int, int | None, str], None]:
        """A report that updates the window at most twenty times a second."""
        last, pace = 0.0, Pace()

        def report(done: int, total: int | None, what: str = "") -> None:
            nonlocal last
            task.done, task.total, task.what = done, total, what or task.what
            task.pace = pace.text(done, total, what)
            now = time.monotonic()
            if now - last >= PROGRESS_EVERY_S or done == total:
                last = now
                self.post(lambda: self.progressed.emit(task))

        return report


def _and_tidy(fn: Callable[[Report], Result], report: Report) -> Result:
    """Run a job, and return to the system the memory that a long one used."""
    began = time.monotonic()
    try:
        return fn(report)
    finally:
        if time.monotonic() - began > LONG_S:
            give_back()
