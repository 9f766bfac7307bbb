"""Originals that were moved: the window tells, asks where they are, and finds them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import write_images
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.views.kit.choosers import Choosers
from visualmemory_gui.engine.memory import maintenance
from visualmemory_gui.engine.memory.image_reader import file_sha256
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A memory that links to 18 images in ``holiday``, which have been moved to ``elsewhere`` since."""
    images = write_images(tmp_path / "holiday", each=6)
    with VisualMemory.create(tmp_path / "linked.vmem", encoder="fake") as memory:
        memory.build(images)
    images.rename(tmp_path / "elsewhere")
    return tmp_path / "linked.vmem"


@pytest.fixture
def asked(empty_desk: Desk, linked: Path, qtbot: QtBot) -> Desk:
    """A window over that memory that has told about them."""
    empty_desk.open(linked)
    qtbot.waitUntil(lambda: any("not found" in note for note in empty_desk.notes), timeout=10_000)
    empty_desk.settle()
    return empty_desk


def sources(desk: Desk) -> list[Path]:
    return [Path(str(exemplar.source)) for exemplar in desk.memory.catalog.select()]


def test_a_note_tells_how_many_are_missing_and_leads_to_them(asked: Desk, tmp_path: Path) -> None:
    assert asked.notes[-1] == "18 originals not found; decisions do not need them."
    asked.ask.path = str(tmp_path / "elsewhere")
    [button] = [b for b in asked.window.notes.bar.findChildren(QPushButton) if b.text() == "Locate folder…"]
    button.click()
    asked.settle()
    assert asked.ask.asked == ["18 of 18"]
    assert asked.notes[-1] == "Found 18 of 18 originals in elsewhere."
    assert all(path.is_file() for path in sources(asked)) and asked.memory.maintenance.verify() == []


def test_the_note_comes_once_for_each_opening(asked: Desk) -> None:
    exemplars.strike(asked.window.session, [1], here=True)
    asked.settle()
    asked.window._upkeep.on_quiet()
    asked.settle()
    assert sum("not found" in note for note in asked.notes) == 1


def test_those_that_are_nowhere_are_counted_and_stay_where_they_were(asked: Desk, tmp_path: Path) -> None:
    (tmp_path / "elsewhere/animals/cat/0.png").unlink()
    (tmp_path / "elsewhere/animals/cat/1.png").rename(tmp_path / "elsewhere/renamed.png")
    asked.ask.path = str(tmp_path / "elsewhere")
    asked.press("actionOriginals")
    assert asked.notes[-1] == "Found 17 of 18 originals in elsewhere; 1 is still missing."
    assert tmp_path / "elsewhere/renamed.png" in sources(asked)
    assert tmp_path / "holiday/animals/cat/0.png" in sources(asked)
    asked.ask.path = ""
    asked.press("actionOriginals")
    assert asked.ask.asked[-1] == "1 of 18"


def test_a_search_stopped_half_way_changes_nothing(
    asked: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, compared = sources(asked), []

    def stop_at_the_fifth(path: str) -> str | None:
        compared.append(path)
        if len(compared) == 5:
            for task in asked.window.session.tasks.running:
                task.cancel()
        return file_sha256(path)

    monkeypatch.setattr(maintenance, "file_sha256", stop_at_the_fifth)
    asked.ask.path = str(tmp_path / "elsewhere")
    asked.press("actionOriginals")
    assert asked.notes[-1].startswith("Search stopped")
    assert len(compared) == 5 and sources(asked) == before


def test_nothing_is_asked_where_nothing_is_missing(desk: Desk) -> None:
    desk.press("actionOriginals")
    assert desk.notes[-1] == "All 18 originals are in their place."
    assert desk.ask.asked == []


def test_copies_need_no_originals(empty_desk: Desk, tmp_path: Path) -> None:
    images = write_images(tmp_path / "holiday", each=2)
    with VisualMemory.create(tmp_path / "own.vmem", encoder="fake") as memory:
        memory.build(images, copy=True)
    shutil.rmtree(images)
    empty_desk.open(tmp_path / "own.vmem")
    empty_desk.press("actionOriginals")
    assert empty_desk.notes == ["This memory needs no originals: it keeps its own copies."]


def test_a_memory_open_for_reading_is_left_as_it_is(empty_desk: Desk, linked: Path, tmp_path: Path) -> None:
    empty_desk.window.session.open(linked, readonly=True)
    empty_desk.settle()
    empty_desk.ask.path = str(tmp_path / "elsewhere")
    empty_desk.press("actionOriginals")
    assert "reading only" in empty_desk.notes[-1]
    assert not any(path.is_file() for path in sources(empty_desk))


def test_the_dialog_lists_the_folders_and_asks_where_the_chosen_one_is(
    asked: Desk, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked.window.commands.memory, "_ask", Choosers(asked.window))
    asked.press("actionOriginals")
    listed = asked.window.findChild(QListWidget, "originalsFolders")
    assert [listed.item(row).text() for row in range(listed.count())] == [f"{tmp_path / 'holiday'}\n18 missing"]
    qtbot.keyClick(listed, Qt.Key.Key_Return)
    dialog = asked.window.findChild(QFileDialog)
    assert dialog.windowTitle() == "Where is holiday now?"
    dialog.fileSelected.emit(str(tmp_path / "elsewhere"))
    dialog.reject()
    asked.settle()
    assert asked.notes[-1] == "Found 18 of 18 originals in elsewhere."
