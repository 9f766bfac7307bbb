"""A memory that can only be read: offered when it cannot be edited, and then nothing in the window changes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton, QStyleOptionViewItem

from tests.app.conftest import Desk
from tests.conftest import write_images
from visualmemory_gui.app.actions import window_actions
from visualmemory_gui.app.actions.action import WHY_OFF
from visualmemory_gui.app.actions.refused_keys import EDITS
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.operations import exemplars, history
from visualmemory_gui.app.operations.edit import READ_ONLY
from visualmemory_gui.app.runtime.place import only_readable
from visualmemory_gui.app.views.kit.choosers import Choosers
from visualmemory_gui.engine.errors import MemoryLocked, NotAMemory, StorageError
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@pytest.fixture
def reader(empty_desk: Desk, small: Path) -> Desk:
    """A window that reads the small memory while somebody else has edited it."""
    with VisualMemory.open(small):
        empty_desk.open(small)
        assert "is being edited" in empty_desk.ask.asked[0]
    return empty_desk


def test_a_memory_that_somebody_edits_can_be_opened_for_reading(reader: Desk) -> None:
    assert reader.memory.readonly and not reader.errors
    assert reader.window.findChild(QLabel, "statusSaved").text() == "read only"
    assert "(read only)" in reader.window.windowTitle()


def test_declining_leaves_the_window_as_it_was(empty_desk: Desk, small: Path) -> None:
    empty_desk.ask.read_only = False
    with VisualMemory.open(small):
        empty_desk.open(small)
    assert empty_desk.window.workspace == "empty" and not empty_desk.errors
    empty_desk.open(small)
    assert not empty_desk.memory.readonly


def test_no_edit_is_on_and_none_gets_through(reader: Desk) -> None:
    reader.window.on_query_chosen(1)
    reader.settle()
    reader.select([n.id for n in reader.decision.neighbours])
    for name, spec in window_actions.BY_ID.items():
        if {"writable", "undo", "redo"} & set(spec.needs):
            assert not reader.window.actions_by_id[name].isEnabled(), name
    session, commands = reader.window.session, reader.window.commands.decide
    for attempt in (
        lambda: exemplars.strike(session, [2]),
        lambda: commands.teach_as("cat"),
        lambda: history.undo(session),
    ):
        attempt()
        reader.settle()
        assert "for reading only" in reader.notes[-1]
    assert reader.memory.summary().active == 18 and not reader.errors


@pytest.mark.parametrize("key", ["X", "Delete", "T", "R", "W", "U", "1"])
def test_a_key_that_would_edit_says_why_it_does_not(reader: Desk, key: str) -> None:
    reader.window.on_query_chosen(1)
    reader.settle()
    reader.select([reader.decision.neighbours[0].id])
    grid = reader.window.decide.neighbours.grid
    grid.setFocus()
    QTest.keyClick(grid, getattr(Qt.Key, f"Key_{key}"))
    reader.settle()
    assert reader.notes == [READ_ONLY]


@pytest.mark.parametrize("key", ["X", "Delete", "R", "F2"])
def test_a_key_of_the_grid_says_why_it_does_nothing(reader: Desk, key: str) -> None:
    reader.press("actionCurate")
    grid = reader.window.curate.grid
    grid.setFocus()
    grid.selection.click(0)
    grid.changed_selection()
    QTest.keyClick(grid, getattr(Qt.Key, f"Key_{key}"))
    reader.settle()
    assert reader.notes == [READ_ONLY] and not reader.errors


def test_keys_edit_again_in_a_memory_that_can_be_written(reader: Desk, small: Path) -> None:
    reader.open(small)
    assert not reader.memory.readonly
    reader.window.on_query_chosen(1)
    reader.settle()
    reader.select([reader.decision.neighbours[0].id])
    grid = reader.window.decide.neighbours.grid
    grid.setFocus()
    QTest.keyClick(grid, Qt.Key.Key_X)
    reader.settle()
    assert "Struck" in reader.notes[-1] and reader.memory.summary().active == 17


def test_the_button_of_a_card_is_faint_and_says_why(reader: Desk) -> None:
    reader.window.on_query_chosen(1)
    reader.settle()
    grid = reader.window.decide.neighbours.grid
    option = QStyleOptionViewItem()
    grid.initViewItemOption(option)
    index = grid.model().index(1, 0)
    spot = grid.cards.button_rect(option, grid.visualRect(index))
    assert index.data(CardRole.Whole).locked and "open for reading only" in index.data(Qt.ItemDataRole.ToolTipRole)
    locked = grid.viewport().grab(spot).toImage()
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=spot.center())
    reader.settle()
    assert reader.notes == [READ_ONLY]
    reader.open(reader.memory.path)
    reader.window.on_query_chosen(1)
    reader.settle()
    assert not grid.model().index(1, 0).data(CardRole.Whole).locked
    assert grid.viewport().grab(spot).toImage() != locked


def test_every_action_that_is_off_says_why(reader: Desk) -> None:
    reader.window.on_query_chosen(1)
    reader.settle()
    edits = [action for action in reader.window.findChildren(QAction) if action.property(EDITS)]
    assert len(edits) > 20
    assert all(not action.isEnabled() for action in edits)
    silent = [action.objectName() for action in edits if WHY_OFF not in action.toolTip()]
    assert not silent


def test_what_is_dropped_on_a_class_says_why_it_is_not_taught(reader: Desk, tmp_path: Path) -> None:
    reader.window.on_query_chosen(1)
    reader.settle()
    [image] = list(write_images(tmp_path / "new", each=1).rglob("*.png"))[:1]
    classes = reader.window.decide.decision.classes
    reader.drop_files(classes.viewport(), image, at=classes.visualRect(classes.model().index(0)).center())
    assert reader.notes == [READ_ONLY]


def test_another_k_is_used_but_not_kept(reader: Desk) -> None:
    reader.window.decide.neighbours.k.setValue(3)
    reader.settle()
    assert reader.window.session.decision.k == 3 and not reader.errors


@pytest.mark.parametrize(
    ("error", "offered"),
    [(MemoryLocked("held"), True), (StorageError("disk full"), False), (NotAMemory("no memory"), False)],
)
def test_only_what_can_be_read_is_offered(small: Path, error: Exception, offered: bool) -> None:
    assert only_readable(small, error) is offered


def test_a_medium_that_cannot_be_written_is_offered(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert only_readable(small, StorageError("read-only file system"))


def test_the_real_dialog_opens_for_reading(empty_desk: Desk) -> None:
    taken: list[bool] = []
    Choosers(empty_desk.window).reading("It is being edited.", lambda: taken.append(True))
    box = empty_desk.window.findChild(QMessageBox, "readingDialog")
    next(b for b in box.findChildren(QPushButton) if b.text() == "Open for reading").click()
    assert taken == [True]
