"""A memory that can only be read: offered when it cannot be edited, and then nothing in the window changes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton

from tests.app.conftest import Desk
from visualmemory_gui.app import actions
from visualmemory_gui.app.place import only_readable
from visualmemory_gui.app.views.choosers import Choosers
from visualmemory_gui.engine.errors import MemoryLocked, NotAMemory, StorageError
from visualmemory_gui.engine.memory import VisualMemory


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
    for name, spec in actions.SPECS.items():
        if {"writable", "undo", "redo"} & set(spec.needs):
            assert not reader.window.actions_by_id[name].isEnabled(), name
    commands = reader.window.commands
    for attempt in (lambda: commands.strike([2]), lambda: commands.teach_as("cat"), reader.window.memory_commands.undo):
        attempt()
        reader.settle()
        assert "for reading only" in reader.notes[-1]
    assert reader.memory.summary().active == 18 and not reader.errors


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
