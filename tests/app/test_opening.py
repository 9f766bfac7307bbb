"""Whatever begins something long shows that it did, and a second press of it is the first one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import write_images
from visualmemory_gui.app import preferences
from visualmemory_gui.app.operations import exchange, exemplars, folders
from visualmemory_gui.app.runtime.place import opening, place_above, place_name, real_place
from visualmemory_gui.app.widgets.panels.begin_button import BeginButton
from visualmemory_gui.engine.exchange import bundle
from visualmemory_gui.engine.exchange.demo import demo


@pytest.fixture
def demo_made(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A memory where the demo is looked for."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    place = demo.default_place()
    place.parent.mkdir(parents=True)
    return Path(shutil.copytree(small, place))


@pytest.fixture
def other(small: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small, tmp_path / "other.vmem"))


def button(desk: Desk, words: str) -> BeginButton:
    """The way to begin that says ``words``."""
    return next(each for each in desk.window.empty.findChildren(BeginButton) if words in each.text())


def assert_open_for_editing(desk: Desk, memory: Path) -> None:
    assert desk.memory.path == memory and not desk.memory.readonly
    assert desk.errors == [] and desk.ask.asked == []
    exemplars.strike(desk.window.session, [1], here=True)
    desk.settle()
    assert desk.memory.summary().struck == 1


@pytest.mark.parametrize("presses", [2, 5])
def test_the_demo_asked_for_many_times_is_opened_once_and_can_be_edited(
    empty_desk: Desk, demo_made: Path, presses: int
) -> None:
    for _ in range(presses):
        exchange.open_demo(empty_desk.window.session)
    empty_desk.settle()
    exchange.open_demo(empty_desk.window.session)
    empty_desk.settle()
    assert_open_for_editing(empty_desk, demo_made)


def test_the_button_of_the_demo_shows_that_it_works_and_takes_no_second_press(
    empty_desk: Desk, qtbot: QtBot, demo_made: Path
) -> None:
    shown = button(empty_desk, "Open demo memory")
    shown.click()
    assert not shown.isEnabled() and shown.text() == "Making the demo memory…"
    qtbot.mouseClick(shown, Qt.MouseButton.LeftButton)
    empty_desk.settle()
    assert shown.isEnabled() and shown.text() == "Open demo memory"
    assert_open_for_editing(empty_desk, demo_made)


def spellings(memory: Path) -> list[Path]:
    link = memory.parent / "link.vmem"
    link.symlink_to(memory)
    return [memory, memory.parent / "." / memory.name, memory / ".." / memory.name, link, Path(os.path.relpath(memory))]


@pytest.mark.parametrize("spelling", range(5))
def test_the_memory_that_is_open_is_not_opened_again_under_any_spelling(desk: Desk, small: Path, spelling: int) -> None:
    before = desk.memory
    desk.window.session.open(str(spellings(small)[spelling]))
    desk.settle()
    assert desk.memory is before and "already open" in desk.notes[-1]
    assert_open_for_editing(desk, small)


@pytest.mark.parametrize("spelling", range(5))
def test_a_memory_that_is_being_opened_is_not_opened_again(empty_desk: Desk, small: Path, spelling: int) -> None:
    empty_desk.window.open(str(small))
    empty_desk.window.open(str(spellings(small)[spelling]))
    empty_desk.settle()
    assert_open_for_editing(empty_desk, small)


def test_a_memory_dropped_twice_is_opened_once(empty_desk: Desk, small: Path) -> None:
    for _ in range(2):
        empty_desk.window.on_dropped_on_empty([str(small)])
    empty_desk.settle()
    assert_open_for_editing(empty_desk, small)


def test_a_double_click_on_a_recent_memory_opens_it_once(empty_desk: Desk, qtbot: QtBot, small: Path) -> None:
    empty_desk.window.empty.set_recent([str(small)])
    recent = button(empty_desk, "small.vmem")
    qtbot.mouseClick(recent, Qt.MouseButton.LeftButton)
    assert not recent.isEnabled() and recent.text().startswith("Opening small.vmem")
    qtbot.mouseDClick(recent, Qt.MouseButton.LeftButton)
    empty_desk.settle()
    assert_open_for_editing(empty_desk, small)


def test_back_to_the_memory_that_is_open_before_the_other_came_stays_there(
    desk: Desk, small: Path, other: Path
) -> None:
    before = desk.memory
    desk.window.open(str(other))
    desk.window.open(str(small))
    desk.settle()
    assert desk.memory is before
    desk.open(other)  # its lock was given back
    assert_open_for_editing(desk, other)


def test_a_memory_open_for_reading_is_opened_for_editing_once_that_is_possible(desk: Desk, small: Path) -> None:
    desk.window.session.open(small, readonly=True)
    desk.settle()
    assert desk.memory.readonly
    desk.open(small)
    assert_open_for_editing(desk, small)


def test_a_folder_that_is_being_imported_is_imported_once(desk: Desk, tmp_path: Path) -> None:
    folder = write_images(tmp_path / "more", each=4)
    for _ in range(2):
        folders.import_folder(desk.window.session, folder, copy=True)
    assert len([task for task in desk.window.session.tasks.running if task.once.startswith("import")]) == 1
    desk.settle()
    assert len([note for note in desk.notes if note.startswith("Added")]) == 1


def test_a_bundle_opened_twice_is_unpacked_once(desk: Desk, tmp_path: Path) -> None:
    bundle.export(desk.memory, tmp_path / "small.vmemz")
    for _ in range(2):
        exchange.open_bundle(desk.window.session, str(tmp_path / "small.vmemz"), str(tmp_path / "unpacked.vmem"))
    desk.settle()
    assert_open_for_editing(desk, tmp_path / "unpacked.vmem")


class TestByKeyboard:
    def test_return_opens_a_recent_memory(self, empty_desk: Desk, qtbot: QtBot, small: Path) -> None:
        preferences.remember_memory(empty_desk.window.settings, str(small))
        empty_desk.window.empty.set_recent([str(small)])
        recent = button(empty_desk, "small.vmem")
        recent.setFocus()
        qtbot.keyClick(recent, Qt.Key.Key_Return)
        empty_desk.settle()
        assert empty_desk.memory.path == small

    @pytest.mark.parametrize("words", ["small.vmem", "Open", "Open demo memory"])
    def test_every_way_to_begin_looks_different_while_it_has_the_keys(
        self, empty_desk: Desk, qtbot: QtBot, small: Path, words: str
    ) -> None:
        empty_desk.window.empty.set_recent([str(small)])
        shown = button(empty_desk, words)
        empty_desk.window.activateWindow()
        next(each for each in empty_desk.window.empty.findChildren(QPushButton) if each is not shown).setFocus()
        qtbot.wait(10)
        before = shown.grab().toImage()
        shown.setFocus()
        qtbot.waitUntil(shown.hasFocus)
        assert shown.grab().toImage() != before

    def test_a_recent_memory_that_cannot_be_opened_keeps_the_keys(
        self, empty_desk: Desk, qtbot: QtBot, small: Path
    ) -> None:
        preferences.remember_memory(empty_desk.window.settings, str(small))
        empty_desk.window.empty.set_recent([str(small)])
        (small / "memory.sqlite").write_bytes(b"nothing")
        recent = button(empty_desk, "small.vmem")
        recent.setFocus()
        qtbot.keyClick(recent, Qt.Key.Key_Return)
        empty_desk.settle()
        assert empty_desk.errors and button(empty_desk, "small.vmem") is recent and recent.isEnabled()
        empty_desk.window.errors.accept()


def test_a_job_of_opening_has_one_name_for_all_spellings(small: Path) -> None:
    assert {opening(each) for each in spellings(small)} == {opening(small)}


def test_an_address_has_one_name_for_all_spellings_and_is_listed_by_collection_and_server() -> None:
    spelled = ("milvus+http://HOST/birds", "milvus+http://host:19530/birds/")
    assert {opening(each) for each in spelled} == {"open milvus+http://host:19530/birds"}
    assert {(place_name(each), place_above(each)) for each in spelled} == {("birds", "host:19530")}
    assert real_place("milvus+http://host:19530/") == "milvus+http://host:19530/"
