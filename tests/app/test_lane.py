"""Jobs in one thread: what the user did goes before what the window wonders."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from visualmemory_gui.app.runtime.priority_worker import Lane, Urgency
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.errors import Cancelled


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("edits")
    yield lane
    lane.shutdown()


def held(lane: Lane) -> threading.Event:
    """Keep the thread busy until the event is set."""
    go = threading.Event()
    lane.submit(lambda: go.wait(5))
    return go


def test_an_edit_overtakes_questions_and_equals_keep_their_order(lane: Lane) -> None:
    order: list[str] = []
    go = held(lane)
    for name in ("question 1", "question 2"):
        lane.submit(lambda name=name: order.append(name), Urgency.QUESTION)
    for name in ("edit 1", "edit 2"):
        last = lane.submit(lambda name=name: order.append(name))
    lane.submit(lambda: None, Urgency.QUESTION)
    go.set()
    last.result(5)
    lane.submit(lambda: None, Urgency.QUESTION).result(5)
    assert order == ["edit 1", "edit 2", "question 1", "question 2"]


def test_what_is_in_turn_is_overtaken_by_none_and_overtakes_none(lane: Lane) -> None:
    order: list[str] = []
    go = held(lane)
    lane.submit(lambda: order.append("question"), Urgency.QUESTION)
    lane.submit(lambda: order.append("closing"), in_turn=True)
    last = lane.submit(lambda: order.append("edit"))
    go.set()
    last.result(5)
    assert order == ["question", "closing", "edit"]


def test_a_search_that_gives_way_ends_when_something_else_waits(qtbot: QtBot) -> None:
    tasks, order = Tasks(), []
    begun, go = threading.Event(), threading.Event()

    def search() -> None:
        begun.set()
        go.wait(5)
        try:
            tasks.give_way()
        except Cancelled:
            order.append("gave way")
        else:
            order.append("came to an end")

    tasks.run_edit("search", search, topic="search")
    assert begun.wait(5)  # else the strike comes first
    tasks.run_edit("strike", lambda: order.append("strike"))
    go.set()
    qtbot.waitUntil(lambda: not tasks.busy)
    tasks.run_edit("search", search, topic="search")
    qtbot.waitUntil(lambda: not tasks.busy)
    tasks.shutdown()
    assert order == ["gave way", "strike", "came to an end"]


def test_an_error_comes_back_and_the_next_job_runs(lane: Lane) -> None:
    with pytest.raises(ZeroDivisionError):
        lane.submit(lambda: 1 / 0).result(5)
    assert lane.submit(lambda: "next").result(5) == "next"


def test_a_job_that_waits_is_overtaken_and_counts_as_running_until_then(qtbot: QtBot) -> None:
    tasks, order = Tasks(), []
    tasks.run_edit("later", lambda: order.append("later"), wait_ms=20)
    tasks.run_edit("now", lambda: order.append("now"))
    assert tasks.busy
    qtbot.waitUntil(lambda: not tasks.busy)
    assert order == ["now", "later"]
    tasks.run_edit("never", lambda: order.append("never"), wait_ms=20)
    tasks.shutdown()
    assert order == ["now", "later"]
