"""The two executors: results come back in the window's thread, nothing is lost, old answers are dropped."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.errors import Cancelled


@pytest.fixture
def tasks(qtbot: QtBot) -> Iterator[Tasks]:
    made = Tasks()
    yield made
    made.shutdown()


def test_work_runs_elsewhere_and_its_result_comes_home(tasks: Tasks, qtbot: QtBot) -> None:
    seen: list[tuple[str, str]] = []

    def work() -> str:
        return threading.current_thread().name

    with qtbot.waitSignal(tasks.idle):
        tasks.run_edit("work", work, lambda name: seen.append((name, threading.current_thread().name)))
    assert seen[0][0].startswith("edits") and seen[0][1] == threading.main_thread().name


def test_an_exception_goes_to_whoever_waits_for_it(tasks: Tasks, qtbot: QtBot) -> None:
    errors: list[BaseException] = []
    with qtbot.waitSignal(tasks.idle):
        tasks.run_edit("divide", lambda: 1 / 0, None, errors.append)
    assert isinstance(errors[0], ZeroDivisionError)


def test_an_exception_that_no_one_waits_for_is_told(tasks: Tasks, qtbot: QtBot) -> None:
    with qtbot.waitSignal(tasks.crashed) as told:
        tasks.run_background("divide", lambda report: 1 / 0)
    assert isinstance(told.args[1], ZeroDivisionError)


def test_only_the_newest_answer_of_a_topic_reports_back(tasks: Tasks, qtbot: QtBot) -> None:
    answers: list[int] = []
    gate = threading.Event()
    tasks.run_edit("hold", gate.wait)
    for n in range(5):
        tasks.run_edit("ask", lambda n=n: n, answers.append, topic="question")
    with qtbot.waitSignal(tasks.idle):
        gate.set()
    assert answers == [4]


def test_a_question_beside_waits_for_neither_thread_and_only_the_newest_answers(tasks: Tasks, qtbot: QtBot) -> None:
    answers: list[tuple[int, str]] = []
    gate = threading.Event()
    tasks.run_edit("hold", gate.wait)
    tasks.run_background("hold", lambda report: gate.wait())
    for n in range(3):
        tasks.run_beside("ask", lambda n=n: (n, threading.current_thread().name), answers.append, topic="question")
    qtbot.waitUntil(lambda: bool(answers))
    gate.set()
    with qtbot.waitSignal(tasks.idle):
        pass
    assert [n for n, _ in answers] == [2] and answers[0][1].startswith("beside")


def test_a_background_task_stops_at_its_next_report(tasks: Tasks, qtbot: QtBot) -> None:
    began, errors = threading.Event(), []

    def count(report) -> None:  # type: ignore[no-untyped-def]
        for n in range(1_000_000_000):
            began.set()
            report(n, None)

    task = tasks.run_background("count", count, None, errors.append)
    began.wait(5)
    with qtbot.waitSignal(tasks.idle):
        task.cancel()
    assert isinstance(errors[0], Cancelled)


def test_an_edit_by_hand_overtakes_an_import(tasks: Tasks, qtbot: QtBot) -> None:
    order: list[str] = []
    waiting, go = threading.Event(), threading.Event()

    def many(report) -> None:  # type: ignore[no-untyped-def]
        tasks.write(lambda: order.append("batch"))
        waiting.set()
        go.wait(5)
        tasks.write(lambda: order.append("batch"))

    tasks.run_background("import", many)
    waiting.wait(5)
    tasks.run_edit("strike", lambda: order.append("hand"), lambda _: go.set())
    qtbot.waitUntil(lambda: not tasks.busy)
    assert order == ["batch", "hand", "batch"]


def test_progress_is_told_at_most_twenty_times_a_second_and_at_the_end(tasks: Tasks, qtbot: QtBot) -> None:
    told: list[int] = []
    tasks.progressed.connect(lambda task: told.append(task.done))

    def count(report) -> None:  # type: ignore[no-untyped-def]
        for n in range(10_001):
            report(n, 10_000)

    with qtbot.waitSignal(tasks.idle):
        tasks.run_background("count", count)
    assert told[-1] == 10_000 and len(told) < 200


def test_shutdown_finishes_the_edits_and_runs_the_last_job(qtbot: QtBot) -> None:
    tasks, done = Tasks(), []
    tasks.run_edit("edit", lambda: done.append("edit"))
    tasks.run_background("long", lambda report: [report(n, None) for n in iter(int, 1)])
    tasks.shutdown(lambda: done.append("close"))
    assert done == ["edit", "close"]
