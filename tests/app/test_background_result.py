"""A result that is found in the background: the newest counts, edits make it old, and failing is told once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from visualmemory_gui.app.models.background_result import BackgroundResult
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.errors import BadValue, Cancelled
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.types import Changes

EDIT, FORGET = Changes("Strike out 1 exemplar", 2, struck=(1,)), Changes("Forget", 3, forgotten=(1,))


@pytest.fixture
def tasks(qtbot: QtBot) -> Iterator[Tasks]:
    made = Tasks()
    yield made
    made.shutdown()


@pytest.fixture
def result(tasks: Tasks, tmp_path: Path) -> Iterator[BackgroundResult[int]]:
    with VisualMemory.create(tmp_path / "m.vmem", dim=2) as memory:
        memory.add_vectors(np.eye(2, dtype=np.float32), ["cat", "dog"])
        made = BackgroundResult[int](tasks, "size", told_here=(BadValue,))
        made.set_memory(memory)
        yield made


def size(memory: VisualMemory, report: object) -> int:
    return len(memory.snapshot)


def test_a_result_is_that_of_the_newest_job_and_older_ones_are_stopped(
    result: BackgroundResult[int], tasks: Tasks, qtbot: QtBot
) -> None:
    stopped, begun = threading.Event(), threading.Event()

    def endless(memory: VisualMemory, report) -> int:
        begun.set()
        while True:
            try:
                report(0, None)
            except Cancelled:
                stopped.set()
                raise

    with qtbot.waitSignal(tasks.idle):
        result.run("Counting for ever", endless)
        begun.wait(10)
        result.run("Counting", size)
        assert result.running and result.found is None
    assert stopped.is_set() and (result.found, result.running, result.error) == (2, False, None)


def test_edits_count_from_the_moment_the_job_began(result: BackgroundResult[int], tasks: Tasks, qtbot: QtBot) -> None:
    result.on_changed(EDIT)
    assert result.edits_since == 0  # nothing is there that could be old
    gate = threading.Event()
    with qtbot.waitSignal(tasks.idle):
        result.run("Counting", lambda memory, report: gate.wait(10) and size(memory, report))
        result.on_changed(EDIT)
        gate.set()
    assert (result.found, result.edits_since) == (2, 1)
    result.on_changed(EDIT)
    assert result.edits_since == 2
    with qtbot.waitSignal(tasks.idle):
        result.run("Counting", size)
        assert (result.found, result.edits_since) == (2, 2)  # what was found before serves meanwhile
    assert result.edits_since == 0


def test_of_what_was_forgotten_nothing_is_kept_and_nothing_arrives_later(
    result: BackgroundResult[int], tasks: Tasks, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(tasks.idle):
        result.run("Counting", size)
    gate = threading.Event()
    with qtbot.waitSignal(tasks.idle):
        result.run("Counting", lambda memory, report: gate.wait(10) and size(memory, report))
        result.on_changed(FORGET)
        assert result.found is None and not result.running
        gate.set()
    assert result.found is None


@pytest.mark.parametrize(
    ("error", "told"), [(BadValue("one class only"), 0), (Cancelled(), 0), (ZeroDivisionError(), 1)]
)
def test_what_is_not_for_the_view_to_tell_is_told_by_the_window(
    result: BackgroundResult[int], tasks: Tasks, qtbot: QtBot, error: BaseException, told: int
) -> None:
    crashed: list[BaseException] = []
    tasks.crashed.connect(lambda _, error: crashed.append(error))

    def fail(memory: VisualMemory, report: object) -> int:
        raise error

    with qtbot.waitSignal(tasks.idle):
        result.run("Counting", fail)
    assert result.error is error and not result.running and crashed == [error] * told


def test_a_job_that_is_cancelled_says_so(result: BackgroundResult[int], tasks: Tasks, qtbot: QtBot) -> None:
    begun = threading.Event()

    def endless(memory: VisualMemory, report) -> int:
        while True:
            begun.set()
            report(0, None)

    with qtbot.waitSignal(tasks.idle):
        result.run("Counting for ever", endless)
        begun.wait(10)
        result.cancel()
    assert isinstance(result.error, Cancelled) and not result.running
