"""The empty window: what the demo takes, how it is waited for, and what the tiles of recent memories say."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app import preferences
from visualmemory_gui.app.models.recent_memories import recent_memory
from visualmemory_gui.app.operations import exchange
from visualmemory_gui.app.widgets.panels.long_task import LongTask
from visualmemory_gui.engine.exchange.demo import demo
from visualmemory_gui.engine.exchange.demo.selection import Needs
from visualmemory_gui.engine.progress import Report


def far_away(_: Path) -> Needs:
    """A source that is not on this computer."""
    return Needs("drawings", 130_000_000)


def recent(desk: Desk, *paths: Path) -> None:
    """Make these the recent memories, the first one the newest."""
    for path in reversed(paths):
        preferences.remember_memory(desk.window.settings, str(path))
    desk.window.show_recent()
    desk.settle()


def test_a_tile_shows_what_a_memory_holds_while_another_process_could_edit_it(empty_desk: Desk, small: Path) -> None:
    recent(empty_desk, small)
    [tile] = empty_desk.window.empty.tiles
    assert "18 exemplars, 3 classes · today" in tile.accessibleName()
    assert len(recent_memory(str(small), 32).images) == 4
    assert empty_desk.window.session.memory is None


@pytest.mark.parametrize("broken", ["gone", "damaged", "no memory"])
def test_a_tile_of_a_memory_that_cannot_be_read_says_so(empty_desk: Desk, small: Path, broken: str) -> None:
    if broken == "gone":
        shutil.rmtree(small)
    elif broken == "damaged":
        (small / "memory.sqlite").write_bytes(b"nothing" * 100)
    else:
        (small / "memory.sqlite").unlink()
    recent(empty_desk, small)
    [tile] = empty_desk.window.empty.tiles
    assert ("Cannot be read" if broken == "damaged" else "Missing") in tile.accessibleName()
    assert empty_desk.errors == []


def test_delete_removes_a_tile_from_the_list_and_leaves_the_memory(empty_desk: Desk, qtbot: QtBot, small: Path) -> None:
    other = Path(shutil.copytree(small, small.with_name("münchen.vmem")))
    recent(empty_desk, small, other)
    tile = empty_desk.window.empty.tiles[0]
    empty_desk.window.activateWindow()
    tile.setFocus()
    qtbot.waitUntil(tile.hasFocus)
    qtbot.keyClick(tile, Qt.Key.Key_Delete)
    empty_desk.settle()
    assert [each.path for each in empty_desk.window.empty.tiles] == [str(other)]
    assert (small / "memory.sqlite").is_file()


def test_the_start_has_the_keys_on_the_demo(empty_desk: Desk, qtbot: QtBot) -> None:
    empty_desk.window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    focused = QApplication.focusWidget()
    assert isinstance(focused, QPushButton) and focused.text() == "Open demo memory"


class TestWhatTheDemoTakes:
    def test_it_is_said_in_megabytes_before_anything_is_fetched(self, tmp_path: Path) -> None:
        needs = demo.demo_needs(tmp_path / "demo.vmem", sources=[lambda _: None, far_away])
        assert exchange.demo_text(needs) == "The demo first downloads 130 MB of drawings."

    def test_what_is_here_is_not_fetched(self, tmp_path: Path) -> None:
        (tmp_path / "openclipart-png" / "exemplars" / "birds").mkdir(parents=True)
        needs = demo.demo_needs(tmp_path / "demo.vmem", room=tmp_path)
        assert needs is not None and not needs.size and "nothing is downloaded" in exchange.demo_text(needs)

    def test_one_that_is_made_opens_at_once(self, small: Path) -> None:
        assert demo.demo_needs(small) is None and "opens at once" in exchange.demo_text(None)

    def test_it_is_shown_in_the_empty_window(self, empty_desk: Desk) -> None:
        empty_desk.window.show_recent()
        empty_desk.settle()
        assert any(label.text().startswith("The demo ") for label in empty_desk.window.empty.findChildren(QLabel))


def test_the_demo_being_made_is_large_in_the_middle_until_it_is_cancelled(empty_desk: Desk, qtbot: QtBot) -> None:
    session, going = empty_desk.window.session, Event()
    panel = empty_desk.window.findChild(LongTask)
    cancel = empty_desk.window.findChild(QPushButton, "longTaskCancel")
    ended: list[BaseException] = []

    def work(report: Report) -> None:
        report(40, 130, "downloading drawings (MB)")
        going.wait(20)
        report(41, 130, "downloading drawings (MB)")

    session.tasks.run_background("Making the demo memory", work, None, ended.append, once=exchange.DEMO)
    qtbot.waitUntil(panel.isVisible)
    assert {"Making the demo memory", "Downloading drawings (MB)", "40 of 130"} <= {
        label.text() for label in panel.findChildren(QLabel)
    }
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert not cancel.isEnabled()
    going.set()
    empty_desk.settle()
    assert not panel.isVisible() and len(ended) == 1


def test_the_demo_decides_its_first_query_without_being_asked(
    empty_desk: Desk, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_desk.open(small)
    empty_desk.window.session.decision.ask_exemplar(1)
    empty_desk.settle()
    query = empty_desk.window.session.decision.query
    empty_desk.memory.queries.add("/images/first.png", "ab" * 32, vector=query.vector)
    empty_desk.window.session.close()
    empty_desk.settle()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    demo.default_place().parent.mkdir(parents=True)
    shutil.copytree(small, demo.default_place())
    exchange.open_demo(empty_desk.window.session)
    empty_desk.settle()
    assert empty_desk.window.session.decision.query.name == "first.png" and empty_desk.decision is not None
