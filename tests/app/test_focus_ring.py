"""A list with nothing selected shows that it has the keyboard, to who works with the keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app.widgets.grid.focus_ring import FocusRing


def ring(desk: Desk) -> FocusRing:
    found = desk.window.findChild(FocusRing, "focusRing")
    assert found is not None
    return found


def tab_to(desk: Desk, qtbot: QtBot, view: QAbstractItemView) -> None:
    desk.window.activateWindow()
    for _ in range(60):
        qtbot.keyClick(QApplication.focusWidget() or desk.window, Qt.Key.Key_Tab)
        if QApplication.focusWidget() is view:
            return
    raise AssertionError(f"Tab never came to {view.objectName()}")


def lists(desk: Desk) -> dict[str, tuple[str, QAbstractItemView]]:
    curate = desk.window.curate
    return {
        "neighbours": ("decide", desk.window.decide.neighbours.grid),
        "classes": ("decide", desk.window.decide.decision.classes),
        "exemplars": ("curate", curate.grid),
        "history": ("curate", curate.steps.list),
    }


@pytest.mark.parametrize("name", ["neighbours", "classes", "exemplars", "history"])
def test_a_list_reached_by_tab_is_ringed_while_nothing_in_it_is_selected(desk: Desk, qtbot: QtBot, name: str) -> None:
    workspace, view = lists(desk)[name]
    desk.memory.strike([1])
    desk.window.on_query_chosen(2)
    desk.settle()
    desk.window.show_workspace(workspace)
    desk.settle()
    view.clearSelection()
    tab_to(desk, qtbot, view)
    qtbot.waitUntil(ring(desk).isVisible)
    assert ring(desk).rect().size() == view.size() and not view.selectionModel().hasSelection()
    qtbot.keyClick(view, Qt.Key.Key_Home)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    if view.selectionModel().hasSelection():
        qtbot.waitUntil(lambda: not ring(desk).isVisible())


def test_a_selection_takes_the_ring_away_and_clearing_it_brings_it_back(desk: Desk, qtbot: QtBot) -> None:
    desk.window.on_query_chosen(2)
    desk.settle()
    grid = desk.window.decide.neighbours.grid
    tab_to(desk, qtbot, grid)
    qtbot.keyClick(grid, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: not ring(desk).isVisible())
    grid.clearSelection()
    qtbot.waitUntil(ring(desk).isVisible)


def test_who_works_with_the_mouse_sees_none(desk: Desk, qtbot: QtBot) -> None:
    grid = desk.window.decide.neighbours.grid
    assert QApplication.focusWidget() is grid and not ring(desk).isVisible()
    tab_to(desk, qtbot, desk.window.decide.decision.classes)
    tab_to(desk, qtbot, grid)
    qtbot.waitUntil(ring(desk).isVisible)
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not ring(desk).isVisible())


def test_the_ring_lets_the_mouse_through(desk: Desk) -> None:
    assert ring(desk).testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    assert isinstance(ring(desk).parentWidget(), QWidget)


def test_ctrl_q_closes_the_window(desk: Desk, qtbot: QtBot) -> None:
    qtbot.keyClick(desk.window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not desk.window.isVisible())
