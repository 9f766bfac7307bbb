"""Context menus: on the query, recent ones, queue, cards, classes and the map; and what they lead to."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QComboBox, QMenu

from tests.app.conftest import Desk
from tests.app.curate_hands import Hands
from tests.conftest import COLOURS, paint_image
from visualmemory_gui.app.actions.action import REFUSAL
from visualmemory_gui.app.actions.command_list import commands_of
from visualmemory_gui.app.models.class_tree import TreeRole
from visualmemory_gui.app.models.literal_text import words_of
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.views.decide import decision_panel
from visualmemory_gui.app.views.kit.choosers import Choosers
from visualmemory_gui.app.views.study.map_actions import ON_SELECTION
from visualmemory_gui.app.widgets.dialogs.export_dialog import ExportDialog

OF_FILE = {"Open original", "Show in folder", "Copy image", "Find similar", "Show the original"}


def texts(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def opened(desk: Desk) -> list[str]:
    """What the menu that is open offers; it is closed."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    found = texts(menu)
    menu.close()
    desk.settle()
    return found


def test_the_query_a_recent_one_and_a_card_have_menus(asked: Desk) -> None:
    panel, winner = asked.window.decide.query, asked.decision.label
    panel.image.customContextMenuRequested.emit(QPoint(5, 5))
    on_query = opened(asked)
    assert {"Teach as…", f"Confirm {winner}", "Copy the query", "Open the query's original", "Compare"} <= set(on_query)
    asked.window.on_query_chosen(1)
    asked.settle()
    panel.strip.customContextMenuRequested.emit(panel.strip.visualRect(panel.strip.model().index(0, 0)).center())
    assert opened(asked)[2:] == on_query[2:]
    assert asked.window.session.decision.query.name == "query.png"  # type: ignore[union-attr]
    grid = asked.window.decide.neighbours.grid
    asked.select([asked.decision.neighbours[0].id])
    grid.customContextMenuRequested.emit(grid.visualRect(grid.model().index(0, 0)).center())
    assert set(opened(asked)) >= OF_FILE | {"Compare", "Strike out 1 exemplar"}


def test_a_class_of_decide_is_taught_or_shown_in_curate(asked: Desk) -> None:
    classes = asked.window.decide.decision.classes
    label = classes.model().index(0, 0).data()
    classes.customContextMenuRequested.emit(classes.visualRect(classes.model().index(0, 0)).center())
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu) and texts(menu) == [f"Teach the query as {label}", f"Show {label} in Curate"]
    menu.actions()[1].trigger()
    menu.close()
    asked.settle()
    assert asked.window.workspace == "curate" and asked.window.curate.tree.place == ("class", label)


def test_a_row_of_the_queue_has_a_menu_about_the_selected_rows(desk: Desk, tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for path, colour in zip(paths, COLOURS.values(), strict=True):
        paint_image(colour, seed=50).save(path)
    desk.drop_files(desk.window.decide.query, *paths)
    table = desk.window.decide.queue.table
    spot = table.visualRect(table.model().index(2, 0)).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, table.viewport().mapToGlobal(spot))
    QApplication.sendEvent(table.viewport(), event)
    assert {"Teach as…", "Remove 1", "Copy the query"} <= set(opened(desk))
    assert [index.row() for index in table.selectionModel().selectedRows()] == [2]


def test_classes_are_merged_struck_and_given_a_class_below(
    curate: Hands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    menu = curate.view.menu_of_class("animals/cat")
    offered = texts(menu)
    menu.deleteLater()
    assert offered[0] == "Rename class animals/cat…" and offered[-1] == "Forget class animals/cat for good…"
    assert {"Merge class animals/cat into…", "New class below animals/cat…", "Key"} <= set(offered)
    assert "Export class animals/cat…" in offered
    actions = curate.view.actions_by_id
    actions["strike_class"].trigger()
    curate.settle()
    assert curate.memory.class_counts().get("animals/cat", 0) == 0 and curate.memory.summary().active == 12
    curate.memory.undo()
    curate.settle()
    curate.view.tree.go_to("class", "animals/cat")
    paint_image((9, 90, 9), seed=3).save(tmp_path / "tabby.png")
    monkeypatch.setattr(Choosers, "images", lambda self, then: then([str(tmp_path / "tabby.png")]))
    actions["below"].trigger()
    curate.choose("animals/cat/tabby")
    assert curate.memory.class_counts()["animals/cat/tabby"] == 1
    curate.view.tree.go_to("class", "plants/rose")
    curate.settle()
    actions["merge"].trigger()
    curate.choose("animals/dog")
    assert curate.memory.class_counts()["animals/dog"] == 12 and curate.view.tree.place[1] == "animals/dog"


def test_what_was_found_in_one_memory_is_not_struck_or_sought_in_another(desk: Desk, small: Path) -> None:
    other = small.with_name("other.vmem")
    copytree(small, other)
    desk.press("actionCurate")
    view = desk.window.curate
    view.tree.go_to("class", "animals/cat")
    desk.settle()
    desk.window.session.open(other)
    view.strike_class()
    view.show_similar(3)
    desk.settle()
    assert desk.memory.path == other and desk.memory.summary().active == 18
    assert view.exemplars.filter.order == "oldest" and not desk.errors


def test_the_grid_is_sorted_by_class_age_trust_and_distance(desk: Desk) -> None:
    desk.press("actionCurate")
    view, memory = desk.window.curate, desk.memory
    box = view.filter.findChild(QComboBox, "filterOrder")
    assert box is not None

    def sort(text: str) -> list[int]:
        box.setCurrentIndex(box.findText(text))
        box.activated.emit(box.currentIndex())
        desk.settle()
        return [int(each) for each in view.grid.ids]

    memory.reweigh([7], 0.5)
    memory.relabel([18], "animals/ant")
    desk.settle()
    desk.settle()
    assert sort("Newest first") == list(range(18, 0, -1))
    view.grid.select(np.array([3, 9]))
    assert sort("By class")[0] == 18 and sort("Lowest trust first")[0] == 7
    assert sorted(view.grid.selection.ids) == [3, 9]  # they stay selected wherever they are
    assert sort("Nearest to the query")[0] == 7 and "Decide an image first" in desk.notes[-1]
    assert box.currentText() == "Lowest trust first"
    view.show_similar(12)
    desk.settle()
    desk.settle()
    vectors = memory.catalog.vectors(list(range(1, 19)))
    near = np.argsort(1 - vectors @ vectors[11], kind="stable") + 1
    assert view.grid.ids.tolist() == near.tolist() and view.grid.ids[0] == 12
    assert box.currentText() == "Nearest to exemplar 12"
    desk.window.on_query_chosen(5)
    desk.settle()
    desk.press("actionQuerySimilar")
    desk.settle()
    assert desk.window.workspace == "curate" and view.grid.ids[0] == 5


def test_the_map_leads_to_what_is_similar(desk: Desk) -> None:
    page = desk.window.study.map
    desk.window.show_workspace("study")
    desk.window.study.tabs.setCurrentWidget(page)
    desk.settle()
    page.view.select(np.array([4]))
    menu = page.menu()
    assert set(texts(menu)) >= OF_FILE and "similar" in ON_SELECTION
    menu.deleteLater()
    page.actions_by_id["similar"].trigger()
    desk.settle()
    desk.settle()
    assert desk.window.workspace == "curate" and desk.window.curate.grid.ids[0] == 4


def test_the_classes_are_found_by_a_few_letters_and_a_new_one_is_always_in_sight(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision_panel, "FEW_CLASSES", 2)
    desk.window.on_query_chosen(1)
    desk.settle()
    panel = desk.window.decide.decision
    assert panel.filter.isVisible()
    panel.filter.line.setText("ro")
    model = panel.classes.model()
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["plants/rose", "+ New class"]
    panel.filter.accepted.emit()
    desk.settle()
    assert desk.memory.catalog.get([1])[0].label == "plants/rose"
    desk.ask.label_answer = ""
    panel.filter.new.click()
    assert desk.ask.asked[-1] == "Teach this image as a new class"
    desk.press("actionCurate")
    classes = desk.window.curate.classes
    classes.filter.line.setText("dog")
    tree = classes.tree
    shown = [each.data(TreeRole.Path) for each in tree._rows() if not tree.isRowHidden(each.row(), each.parent())]
    assert "animals/dog" in shown and "plants/rose" not in shown and "animals/cat" not in shown
    classes.filter.accepted.emit()
    desk.settle()
    assert classes.tree.place == ("class", "animals/dog")
    classes.filter.line.clear()
    assert not any(classes.tree.isRowHidden(index.row(), index.parent()) for index in classes.tree._rows())


def test_an_ampersand_in_a_label_is_shown_by_menus_and_buttons_and_underlines_no_letter(asked: Desk) -> None:
    label, shown = "cats & dogs", "cats && dogs"  # as Qt draws it
    classes = asked.window.decide.decision.classes

    def rows() -> dict[str, QModelIndex]:
        found = [classes.model().index(row, 0) for row in range(classes.model().rowCount())]
        return {index.data(): index for index in found}

    exemplars.relabel(asked.window.session, [1, 2], label)
    asked.bot.waitUntil(lambda: label in rows(), timeout=20_000)
    asked.settle()
    row = rows()[label]
    classes.customContextMenuRequested.emit(classes.visualRect(row).center())
    assert opened(asked) == [f"Teach the query as {shown}", f"Show {shown} in Curate"]
    asked.press("actionCurate")
    menu = asked.window.curate.menu_of_class(label)
    assert f"Rename class {shown}…" in texts(menu)
    menu.deleteLater()
    undo = asked.window.actions_by_id["actionUndo"]
    assert shown in undo.text() and label in words_of(undo) and label in undo.toolTip()
    assert words_of(undo) in {command.text for command in commands_of(asked.window)}


def test_a_class_is_exported_from_its_menu_and_by_the_palette(desk: Desk) -> None:
    curate = desk.window.curate
    desk.press("actionCurate")
    curate.tree.go_to("class", "animals")
    desk.settle()
    assert "Export class animals" in {command.text for command in commands_of(desk.window) if not command.refusal}
    curate.actions_by_id["export_class"].trigger()
    dialog = next(each for each in curate.findChildren(ExportDialog) if each.isVisible())
    formats = dialog.findChild(QComboBox)
    assert isinstance(formats, QComboBox) and formats.findData("bundle") < 0  # it holds whole memories
    formats.setCurrentIndex(formats.findData("coco"))
    dialog.accept()
    desk.settle()
    target = desk.memory.path.parent / "small-animals"
    labels = json.loads((target / "labels.json").read_text())
    assert {each["name"] for each in labels["categories"]} == {"animals/cat", "animals/dog"}
    assert desk.notes[-1] == "Exported to small-animals."


def test_two_exemplars_of_curate_or_of_the_map_are_compared_side_by_side(desk: Desk) -> None:
    curate = desk.window.curate
    desk.press("actionCurate")
    curate.grid.setFocus()
    curate.grid.select(np.array([1]))
    assert "Two exemplars" in curate.actions_by_id["compare"].property(REFUSAL)
    curate.grid.select(np.array([1, 7]))
    desk.bot.keyClick(curate.grid, Qt.Key.Key_C)
    desk.settle()
    pair = curate.pair
    rows = desk.memory.catalog.get([1, 7])
    assert pair.isVisible()
    assert [side.read.exemplar for side in pair.sides] == rows
    assert [side.read.words.split(" · ")[0] for side in pair.sides] == [row.label for row in rows]
    assert all(side.read.pyramid is not None for side in pair.sides)
    left, right = (side.image for side in pair.sides)
    left.show_full()
    assert right.viewport == left.viewport
    desk.bot.keyClick(pair, Qt.Key.Key_X)  # strikes nothing
    desk.bot.keyClick(pair, Qt.Key.Key_Escape)
    assert not pair.isVisible() and curate.grid.hasFocus()
    assert {row.state for row in desk.memory.catalog.get([1, 7])} == {"active"}
    page = desk.window.study.map
    desk.press("actionStudy")
    desk.window.study.tabs.setCurrentWidget(page)
    desk.bot.waitUntil(lambda: page.model.found is not None, timeout=20_000)
    desk.settle()
    page.view.select(np.array([2, 9]))
    menu = page.menu()
    assert "Compare" in texts(menu)
    menu.deleteLater()
    page.actions_by_id["compare"].trigger()
    desk.settle()
    assert page.pair.isVisible() and [side.read.exemplar.id for side in page.pair.sides] == [2, 9]  # type: ignore[union-attr]
