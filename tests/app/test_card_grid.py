"""Keys over the cards of the neighbours."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from visualmemory_gui.app.views.kit.card_grid import CardGrid
from visualmemory_gui.app.widgets.cards.label_chip import shortened
from visualmemory_gui.engine.decision.short_labels import ShortLabels

CTRL, PLAIN = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def grid(qtbot: QtBot) -> CardGrid:
    """Three cards; the first is current and none is selected, as when the keys come to the grid."""
    grid, model = CardGrid(), QStandardItemModel()
    model.setParent(grid)
    for text in "abc":
        model.appendRow(QStandardItem(text))
    qtbot.addWidget(grid)
    grid.setModel(model)
    grid.selectionModel().setCurrentIndex(model.index(0, 0), grid.selectionModel().SelectionFlag.NoUpdate)
    return grid


def selected(grid: CardGrid) -> list[int]:
    return sorted(index.row() for index in grid.selectionModel().selectedIndexes())


@pytest.mark.parametrize("key", [Qt.Key.Key_Home, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down])
def test_with_nothing_selected_an_arrow_or_home_selects_the_current_card(grid: CardGrid, key: Qt.Key) -> None:
    QTest.keyClick(grid, key)
    assert selected(grid) == [0]


def test_the_next_arrow_moves_on(grid: CardGrid) -> None:
    QTest.keyClick(grid, Qt.Key.Key_Right)
    QTest.keyClick(grid, Qt.Key.Key_Right)
    assert selected(grid) == [1]


def test_space_selects_the_card_it_shows_so_that_an_arrow_goes_on(grid: CardGrid, qtbot: QtBot) -> None:
    with qtbot.waitSignal(grid.preview_requested):
        QTest.keyClick(grid, Qt.Key.Key_Space)
    assert selected(grid) == [0]
    QTest.keyClick(grid, Qt.Key.Key_Right)
    assert selected(grid) == [1]


def test_control_and_an_arrow_move_without_selecting(grid: CardGrid) -> None:
    QTest.keyClick(grid, Qt.Key.Key_Right, CTRL)
    assert selected(grid) == [] and grid.currentIndex().row() == 1
    QTest.keyClick(grid, Qt.Key.Key_Home, PLAIN)
    assert selected(grid) == [0]


def test_the_cards_are_as_large_at_the_first_showing_as_after_a_resize(grid: CardGrid, qtbot: QtBot) -> None:
    grid.resize(609, 500)
    with qtbot.waitExposed(grid):
        grid.show()
    first = grid.sizeHintForIndex(grid.model().index(0, 0))
    grid.resize(800, 500)
    grid.resize(609, 500)
    assert grid.sizeHintForIndex(grid.model().index(0, 0)) == first


@pytest.mark.parametrize("text", ["unsorted", "people", "transportation", "a", "wwwwiiii", "signs_and_symbols"])
def test_a_text_with_just_the_room_it_needs_is_not_cut(grid: CardGrid, text: str) -> None:
    metrics = grid.fontMetrics()
    assert shortened(metrics, text, metrics.horizontalAdvance(text), ShortLabels()) == text
