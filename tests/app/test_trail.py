"""From a query to one of its neighbours and back, and what a query would be without some of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QStyleOptionViewItem

from tests.app.conftest import Desk
from visualmemory_gui.app.models.headline import misses
from visualmemory_gui.app.views.decide.details import dots_of
from visualmemory_gui.engine.types import SearchInfo


def ids_of(desk: Desk) -> list[int]:
    return [n.id for n in desk.decision.neighbours]


def back_button(desk: Desk) -> QPushButton:
    button = desk.window.findChild(QPushButton, "backButton")
    assert button is not None
    return button


def double_click(desk: Desk, row: int, at: QPoint | None = None) -> None:
    grid = desk.window.decide.neighbours.grid
    spot = at or grid.visualRect(grid.model().index(row, 0)).center()
    QTest.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    desk.settle()


def test_a_double_click_makes_a_neighbour_the_query_and_a_button_leads_back(asked: Desk) -> None:
    assert not back_button(asked).isVisible()
    near = ids_of(asked)
    double_click(asked, 1)
    assert asked.window.session.decision.query.exemplar == near[1]
    assert back_button(asked).isVisible() and back_button(asked).accessibleName() == "Back to query.png"
    back_button(asked).click()
    asked.settle()
    assert asked.window.session.decision.query.name == "query.png" and ids_of(asked) == near
    assert not back_button(asked).isVisible()


def test_return_goes_on_from_neighbour_to_neighbour_and_alt_left_comes_back_the_same_way(asked: Desk) -> None:
    way = []
    for _ in range(3):
        way.append(asked.window.session.decision.query.name)
        asked.select(ids_of(asked)[:1])
        asked.key(Qt.Key.Key_Return)
    for name in reversed(way):
        asked.key(Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
        assert asked.window.session.decision.query.name == name
    assert not asked.window.actions_by_id["actionBack"].isEnabled()


def test_a_new_query_begins_a_new_way(asked: Desk, tmp_path: Path) -> None:
    double_click(asked, 0)
    asked.drop_files(asked.window.decide, tmp_path / "query.png")
    assert not back_button(asked).isVisible()


def test_nothing_leads_back_to_what_was_forgotten(asked: Desk) -> None:
    double_click(asked, 0)
    first = asked.window.session.decision.query.exemplar
    double_click(asked, 0)
    assert [query.exemplar for query in asked.window.session.decision.trail] == [None, first]
    asked.memory.forget([first])
    asked.settle()
    assert asked.window.session.decision.trail == ()


def test_two_fast_clicks_on_the_button_of_a_card_do_not_leave_the_query(asked: Desk) -> None:
    grid = asked.window.decide.neighbours.grid
    option = QStyleOptionViewItem()
    grid.initViewItemOption(option)
    double_click(asked, 0, grid.cards.button_rect(option, grid.visualRect(grid.model().index(0, 0))).center())
    assert asked.window.session.decision.query.name == "query.png"


def test_what_a_query_would_be_without_some_neighbours_touches_nothing(asked: Desk) -> None:
    before, change = ids_of(asked), asked.memory.snapshot.change
    asked.select(before[:2])
    asked.key(Qt.Key.Key_O)
    assert not set(before[:2]) & set(ids_of(asked))
    assert asked.memory.snapshot.change == change and asked.memory.history.can_undo() is None
    assert "without 2 neighbours" in asked.window.decide.query.without.text()
    assert "out of this query only" in asked.notes[-1]
    asked.window.notes.bar.undo_requested.emit()
    asked.settle()
    assert ids_of(asked) == before


def test_the_details_plot_the_distances_and_list_what_hnsw_would_miss(asked: Desk) -> None:
    asked.window.decide.decision.details.fold.setChecked(True)
    plot = asked.window.decide.decision.details.distances
    assert plot.isVisible() and [dot.distance for dot in plot.dots] == [n.distance for n in asked.decision.neighbours]
    assert plot.accessibleDescription().startswith(f"1: {asked.decision.neighbours[0].label} 0.")
    fourth = asked.decision.neighbours[3]
    search = SearchInfo("exact", "cpu", agreement=9, missed=(fourth.id,))
    decision = replace(asked.decision, search=search)
    assert misses(decision) == f"HNSW would miss rank 4 ({fourth.label}, {fourth.distance:.3f})."
    assert [dot.rank for dot in dots_of(decision, asked.window.session.class_marks.colour) if dot.missed] == [4]
    assert misses(replace(decision, search=replace(search, agreement=10, missed=()))) == "HNSW would find all of them."
