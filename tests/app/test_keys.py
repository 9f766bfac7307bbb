"""The sheet of keys is true: what it lists is there, what is there it lists, and the keys do what it says."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.views.kit.choosers import Choosers
from visualmemory_gui.app.widgets.dialogs.key_sheet import KeySheet

PROMISED = (
    "T", "X", "Del", "U", "R", "W", "Space", "Ctrl+A", "Esc", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+O", "Ctrl+E", "Ctrl+F",
    "?", "Shift+Del", "1 to 9",
)  # fmt: skip
KEYS = Qt.Key
NONE = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def sheet(desk: Desk) -> set[str]:
    """Every key on the sheet, one by one."""
    desk.press("actionKeys")
    return {key for keys in desk.ask.asked for part in keys.split(" or ") for key in part.split(" / ")}


def shortcuts(desk: Desk) -> dict[str, str]:
    """Every shortcut of an action in the window, and what it does."""
    return {
        key.toString(QKeySequence.SequenceFormat.PortableText): action.text()
        for action in desk.window.findChildren(QAction)
        for key in action.shortcuts()
    }


def test_every_key_that_was_promised_is_on_it(desk: Desk) -> None:
    assert set(PROMISED) <= sheet(desk)


def test_every_shortcut_of_the_window_is_on_it(desk: Desk) -> None:
    listed = {QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText) for key in sheet(desk)}
    digits = {str(digit) for digit in range(1, 10)}
    assert set(shortcuts(desk)) - listed - digits == set()


def test_the_sheet_shows_every_row_in_full(desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.window, "ask", Choosers(desk.window))
    desk.window.show_keys()
    shown = desk.window.findChild(KeySheet)
    table = shown.table
    for row in range(table.rowCount()):
        for column in (0, 1):
            room = table.columnWidth(column) if table.item(row, 1).text() else table.viewport().width()
            item = table.item(row, column)
            assert table.fontMetrics().horizontalAdvance(item.text()) < room, item.text()
    shown.close()


def test_r_and_a_digit_relabel_the_selected_neighbours(asked: Desk) -> None:
    ids = [n.id for n in asked.decision.neighbours[:2]]
    asked.select(ids)
    digit = asked.window.session.class_marks.digit("plants/rose")
    asked.key(KEYS.Key_R)
    asked.key(KEYS(ord(str(digit))))
    assert {e.label for e in asked.memory.catalog.get(ids)} == {"plants/rose"}


def test_x_strikes_u_restores_and_ctrl_z_takes_back(asked: Desk) -> None:
    first = asked.decision.neighbours[0].id
    state = lambda: asked.memory.catalog.get([first])[0].state  # noqa: E731
    asked.select([first])
    for key, modifiers, expected in (
        (KEYS.Key_X, NONE, "struck"),
        (KEYS.Key_U, NONE, "active"),
        (KEYS.Key_Z, CTRL, "struck"),
        (KEYS.Key_Z, CTRL | SHIFT, "active"),
        (KEYS.Key_Delete, NONE, "struck"),
    ):
        asked.key(key, modifiers)
        assert state() == expected, key
        asked.select([first])


def test_a_digit_teaches_the_query(asked: Desk) -> None:
    label = asked.window.session.class_marks.label_of(2)
    before = asked.memory.summary().labels[label]
    asked.key(KEYS.Key_2)
    assert asked.memory.summary().labels[label] == before + 1


def test_space_shows_the_large_image_and_arrows_go_on(asked: Desk, qtbot: QtBot) -> None:
    grid, preview = asked.window.decide.neighbours.grid, asked.window.decide.preview
    grid.setFocus()
    grid.setCurrentIndex(grid.model().index(0, 0))
    qtbot.keyClick(grid, KEYS.Key_Space)
    asked.settle()
    assert preview.isVisible()
    qtbot.keyClick(grid, KEYS.Key_Right)
    asked.settle()
    second = grid.model().index(1, 0).data(CardRole.Exemplar)
    assert preview.isVisible() and grid.currentIndex().data(CardRole.Exemplar) == second
    asked.key(KEYS.Key_Escape)
    assert not preview.isVisible()


class TestCurate:
    @pytest.fixture(autouse=True)
    def shown(self, desk: Desk) -> None:
        desk.press("actionCurate")
        desk.window.curate.grid.setFocus()

    def test_ctrl_f_finds(self, desk: Desk, qtbot: QtBot) -> None:
        qtbot.keyClick(desk.window.curate.grid, KEYS.Key_F, CTRL)
        assert isinstance(desk.window.focusWidget(), QLineEdit)

    @pytest.mark.parametrize(("count", "typed"), [(1, ""), (3, "3")])
    def test_shift_delete_asks_before_it_forgets(self, desk: Desk, qtbot: QtBot, count: int, typed: str) -> None:
        grid = desk.window.curate.grid
        for at in range(count):
            grid.selection.toggle(at)
        grid.changed_selection()
        qtbot.keyClick(grid, KEYS.Key_Delete, SHIFT)
        dialog = desk.window.findChild(QDialog, "forgetDialog")
        [forget] = [b for b in dialog.findChildren(QPushButton) if b.text().startswith("Forget")]
        assert forget.isEnabled() == (not typed) and not forget.isDefault()
        if typed:
            qtbot.keyClicks(dialog.findChild(QLineEdit), typed)
        forget.click()
        desk.settle()
        assert desk.memory.summary().exemplars == 18 - count
