"""A tagged state that was undone is not dropped without a word: the window asks once, and can keep it."""

from __future__ import annotations

from functools import partial

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app.operations import exemplars, history
from visualmemory_gui.app.views.kit.choosers import Choosers


@pytest.fixture
def gone_back(desk: Desk) -> Desk:
    """Exemplar 1 struck, that state tagged "clean", and gone back from."""
    exemplars.strike(desk.window.session, [1])
    desk.settle()
    history.tag(desk.window.session, "clean", lambda: None)
    desk.settle()
    history.undo(desk.window.session)
    desk.settle()
    return desk


def tags(desk: Desk) -> list[str]:
    return [tag.name for tag in desk.memory.tags.all()]


def states(desk: Desk, *ids: int) -> list[str]:
    return [exemplar.state for exemplar in desk.memory.catalog.get(ids)]


def questions(desk: Desk) -> list[QMessageBox]:
    return [box for box in desk.window.findChildren(QMessageBox, "tagsDialog") if box.isVisible()]


EDITS = (
    partial(exemplars.strike, ids=[2]),
    partial(exemplars.relabel, ids=[2], label="new"),
    partial(exemplars.reweigh, ids=[2], trust=0.5),
)


@pytest.mark.parametrize("edit", EDITS)
def test_kept_the_memory_stays_as_it_was_and_redo_leads_there(gone_back: Desk, edit: partial[None]) -> None:
    gone_back.ask.drops_tags = False
    edit(gone_back.window.session)
    gone_back.settle()
    assert gone_back.ask.asked[-1] == "clean" and "Redo still leads to the state tagged “clean”." in gone_back.notes[-1]
    assert states(gone_back, 1, 2) == ["active", "active"] and tags(gone_back) == ["clean"]
    history.redo(gone_back.window.session)
    gone_back.settle()
    assert states(gone_back, 1) == ["struck"] and gone_back.errors == []


@pytest.mark.parametrize("edit", EDITS)
def test_agreed_to_the_edit_is_done_and_the_tag_goes(gone_back: Desk, edit: partial[None]) -> None:
    edit(gone_back.window.session)
    gone_back.settle()
    assert gone_back.ask.asked == ["clean"] and tags(gone_back) == []
    assert gone_back.memory.history.can_undo() is not None and gone_back.errors == []


def test_several_edits_before_the_answer_wait_for_one_question(
    gone_back: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = gone_back.window.commands.memory
    monkeypatch.setattr(commands, "_ask", Choosers(gone_back.window))
    for exemplar in (2, 3):
        exemplars.strike(gone_back.window.session, [exemplar])
    gone_back.settle()
    [box] = questions(gone_back)
    assert box.isVisible() and "“clean”" in box.text()
    assert box.defaultButton().text() == "Keep the tag" and box.escapeButton() is box.defaultButton()
    next(button for button in box.buttons() if button.text() == "Edit and drop the tag").click()
    gone_back.settle()
    assert states(gone_back, 1, 2, 3) == ["active", "struck", "struck"] and tags(gone_back) == []


def test_enter_keeps_the_tag(gone_back: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gone_back.window.commands.memory, "_ask", Choosers(gone_back.window))
    exemplars.strike(gone_back.window.session, [2])
    gone_back.settle()
    [box] = questions(gone_back)
    qtbot.waitUntil(lambda: box.focusWidget() is box.defaultButton())
    qtbot.keyClick(box.focusWidget(), Qt.Key.Key_Return)
    gone_back.settle()
    assert tags(gone_back) == ["clean"] and states(gone_back, 2) == ["active"]


def test_after_a_no_the_next_edit_asks_again(gone_back: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gone_back.window.commands.memory, "_ask", Choosers(gone_back.window))
    for _ in range(2):
        exemplars.strike(gone_back.window.session, [2])
        gone_back.settle()
        [box] = questions(gone_back)
        box.reject()
        gone_back.settle()
    assert states(gone_back, 2) == ["active"] and tags(gone_back) == ["clean"]
    assert gone_back.window.session.memory is not None
