"""Curate inside the real window: its keys meet those of the other workspace and of the window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit


@pytest.fixture
def curate(desk, qtbot):
    desk.window.activateWindow()
    desk.press("actionCurate")
    view = desk.window.curate
    view.grid.setFocus()
    qtbot.waitUntil(view.grid.hasFocus)
    return view


def states(desk, *ids: int) -> list[str]:
    return [exemplar.state for exemplar in desk.memory.catalog.get(ids)]


def press(desk, view, key, keys=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(view.grid, key, keys)
    desk.settle()
    desk.settle()


def test_one_key_strikes_and_the_window_undoes_it(desk, curate):
    curate.grid.selection.click(0)
    curate.grid.selection.toggle(1)
    curate.grid.changed_selection()
    press(desk, curate, Qt.Key.Key_X)
    assert states(desk, 1, 2, 3) == ["struck", "struck", "active"]
    press(desk, curate, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert states(desk, 1, 2) == ["active", "active"]


def test_select_all_and_find_are_those_of_the_workspace_in_sight(desk, curate):
    press(desk, curate, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(curate.grid.selection) == 18
    press(desk, curate, Qt.Key.Key_Escape)
    assert len(curate.grid.selection) == 0
    press(desk, curate, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert desk.window.findChild(QLineEdit, "filterEdit").hasFocus()


def test_return_brings_the_exemplar_to_decide(desk, curate):
    curate.grid.selection.click(4)
    press(desk, curate, Qt.Key.Key_Return)
    assert desk.window.workspace == "decide"
    assert desk.window.session.decision.query.exemplar == 5


def test_an_edit_in_decide_is_seen_in_curate_at_once(desk, curate):
    desk.window.show_workspace("decide")
    desk.memory.strike([7])
    desk.settle()
    desk.settle()
    assert curate.exemplars.found.struck == 1
    assert curate.tree.model().find("struck").data() == "Struck (1)"
