"""Leaving an exemplar out of one query, and setting trust: what the user sees, and what the memory then holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDoubleSpinBox, QPushButton

from tests.app.conftest import Desk
from tests.conftest import paint_image
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.widgets.dialogs.trust_dialog import TrustDialog


@pytest.fixture
def asked(desk: Desk, tmp_path: Path) -> Desk:
    """A window that has decided a red image."""
    paint_image((200, 30, 30), seed=9).save(tmp_path / "query.png")
    desk.drop_files(desk.window.decide, tmp_path / "query.png")
    return desk


def cards(desk: Desk) -> dict[int, str]:
    """State of each card by id, in the order shown."""
    model = desk.window.decide.neighbours.grid.model()
    rows = [model.index(row, 0) for row in range(model.rowCount())]
    return {row.data(CardRole.Exemplar): row.data(CardRole.State) for row in rows}


def click_note(desk: Desk, text: str) -> None:
    [button] = [b for b in desk.window.note.findChildren(QPushButton) if b.text() == text and b.isVisible()]
    button.click()
    desk.settle()
    desk.settle()


def leave_out_first(desk: Desk) -> int:
    first = next(iter(cards(desk)))
    desk.select([first])
    desk.key(Qt.Key.Key_X)
    assert cards(desk)[first] == "struck"
    click_note(desk, "Only for this query")
    return first


def test_a_strike_can_be_meant_for_this_query_only(asked: Desk) -> None:
    first = leave_out_first(asked)
    assert asked.memory.catalog.get([first])[0].state == "active"
    assert list(cards(asked).items())[-1] == (first, "excluded")
    assert first not in [n.id for n in asked.decision.neighbours]
    assert "this query only" in asked.notes[-1]


def test_what_was_left_out_votes_again_in_the_next_query(asked: Desk, tmp_path: Path) -> None:
    first = leave_out_first(asked)
    asked.drop_files(asked.window.decide, tmp_path / "query.png")
    assert cards(asked)[first] == "active"


@pytest.mark.parametrize("how", ["note", "key"])
def test_what_was_left_out_can_be_taken_back(asked: Desk, how: str) -> None:
    first = leave_out_first(asked)
    if how == "note":
        click_note(asked, "Undo")
    else:
        asked.select([first])
        asked.key(Qt.Key.Key_U)
    assert next(iter(cards(asked).items())) == (first, "active")
    assert "excluded" not in cards(asked).values()


def test_a_forgotten_exemplar_is_not_shown_as_left_out(asked: Desk) -> None:
    first = leave_out_first(asked)
    asked.memory.forget([first])
    asked.settle()
    asked.settle()
    assert first not in cards(asked)


def test_trust_is_set_from_the_menu_of_a_card_and_seen_there(asked: Desk) -> None:
    first = next(iter(cards(asked)))
    asked.select([first])
    assert asked.window.actions_by_id["actionTrust"].text() == "Set trust of 1 exemplar…"
    asked.press("actionTrust")
    assert asked.memory.catalog.get([first])[0].trust == 0.5
    shown = asked.window.decide.neighbours.grid.model().index(list(cards(asked)).index(first), 0)
    assert shown.data(CardRole.Factor) == pytest.approx(0.5 * asked.decision.neighbours[0].factor)
    assert "trust 0.5" in shown.data(Qt.ItemDataRole.AccessibleTextRole)
    asked.press("actionUndo")
    assert asked.memory.catalog.get([first])[0].trust == 1


def test_curate_asks_for_the_trust_and_starts_with_what_is_there(desk: Desk) -> None:
    desk.memory.reweigh([1, 2], 0.25)
    desk.settle()
    desk.press("actionCurate")
    curate = desk.window.curate
    curate.grid.selection.click(0)
    curate.grid.selection.extend(1)
    curate.grid.changed_selection()
    curate.actions_by_id["trust"].trigger()
    [dialog] = curate.findChildren(TrustDialog)
    box = dialog.findChild(QDoubleSpinBox)
    assert box.value() == 0.25 and box.minimum() > 0 and box.maximum() == 100
    box.setValue(2.0)
    dialog.accept()
    desk.settle()
    assert [e.trust for e in desk.memory.catalog.get([1, 2])] == [2.0, 2.0]


def test_when_another_query_came_meanwhile_only_the_strike_is_undone(asked: Desk) -> None:
    first = next(iter(cards(asked)))
    asked.select([first])
    asked.key(Qt.Key.Key_X)
    asked.window.session.decision.clear()
    click_note(asked, "Only for this query")
    assert asked.memory.catalog.get([first])[0].state == "active"
    assert asked.notes[-1] == "Undone: Strike out 1 exemplar."


def test_the_note_tells_nothing_of_the_decisions_that_only_came_back(asked: Desk) -> None:
    leave_out_first(asked)
    assert asked.window.note.text == "Left 1 exemplar out of this query only."
    asked.key(Qt.Key.Key_X)
    asked.select([next(iter(cards(asked)))])
    asked.key(Qt.Key.Key_X)
    assert "other decisions changed" in asked.window.note.text  # the next edit is told of again
