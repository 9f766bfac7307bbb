"""Cycles with Qt objects in them die in the window's thread, whoever allocates."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from visualmemory_gui.app.runtime.gui_thread_gc import Garbage
from visualmemory_gui.app.runtime.tasks import Tasks


@pytest.fixture
def collecting() -> Iterator[set[str]]:
    """The names of the threads in which a collection began."""
    names: set[str] = set()

    def note(phase: str, _: object) -> None:
        if phase == "start":
            names.add(threading.current_thread().name)

    gc.callbacks.append(note)
    yield names
    gc.callbacks.remove(note)


def cycle() -> weakref.ref[QTimer]:
    timer = QTimer()
    timer.me = timer  # type: ignore[attr-defined]
    return weakref.ref(timer)


def allocate() -> None:
    """Leave cycles enough to be over Python's limit many times."""
    for _ in range(20 * gc.get_threshold()[0]):
        ring: list[object] = []
        ring.append(ring)


def elsewhere() -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="elsewhere") as executor:
        executor.submit(allocate).result()


def test_cycles_are_collected_in_the_window_s_thread_only(qtbot: QtBot, collecting: set[str]) -> None:
    garbage = Garbage()
    try:
        left = cycle()
        elsewhere()
        assert collecting == set() and left() is not None
        garbage.on_due()
        assert collecting == {threading.main_thread().name} and left() is None
    finally:
        garbage.stop()


def test_without_it_another_thread_would_collect(qtbot: QtBot, collecting: set[str]) -> None:
    elsewhere()
    assert "elsewhere_0" in collecting


def test_it_comes_by_itself(qtbot: QtBot) -> None:
    garbage = Garbage()
    try:
        left = cycle()
        allocate()
        qtbot.waitUntil(lambda: left() is None)
    finally:
        garbage.stop()


def test_a_collection_of_all_rests_many_times_as_long_as_it_took(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[int] = []
    garbage = Garbage()
    try:
        monkeypatch.setattr(gc, "get_count", lambda: (10_000, 10_000, 10_000))
        monkeypatch.setattr(gc, "collect", collected.append)
        told = [100.0, 100.5, 105.0, 111.0, 111.5]  # begins, ends, too early, begins, ends
        clock = chain(told, repeat(told[-1]))  # others ask for the time too, until the test's window is gone
        monkeypatch.setattr(time, "monotonic", lambda: next(clock))
        monkeypatch.setattr(Garbage, "_all_from", 0.0)
        for _ in range(3):
            garbage.on_due()
        assert collected == [2, 1, 2]
    finally:
        garbage.stop()


def test_the_last_to_stop_gives_the_search_back(qtbot: QtBot) -> None:
    one, other = Tasks(), Tasks()
    one.shutdown()
    one.shutdown()
    assert not gc.isenabled()
    other.shutdown()
    assert gc.isenabled()


def test_what_was_loaded_is_left_alone_until_its_memory_goes(qtbot: QtBot) -> None:
    garbage = Garbage()
    try:
        left = cycle()
        held = left()
        garbage.leave_alone()
        del held
        gc.collect()
        assert left() is not None and gc.get_freeze_count()
        garbage.search_all()
        gc.collect()
        assert left() is None
    finally:
        garbage.stop()
    assert not gc.get_freeze_count()
