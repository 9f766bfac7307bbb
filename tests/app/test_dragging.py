"""What is dragged out of the window's lists, and what a browser may drop."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDrag, QImage, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.app.conftest import Desk
from visualmemory_gui.app import theme
from visualmemory_gui.app.models import mime
from visualmemory_gui.app.widgets.grid import drag_image, grid_mouse


def paint_image(colour: str = "red") -> QImage:
    image = QImage(32, 24, QImage.Format.Format_RGB32)
    image.fill(colour)
    return image


@pytest.fixture
def asked(desk: Desk) -> Desk:
    desk.window.on_query_chosen(1)
    desk.settle()
    return desk


def test_cards_are_dragged_as_their_exemplars_in_rank_order(asked: Desk) -> None:
    model = asked.window.decide.neighbours.grid.model()
    data = model.mimeData([model.index(2, 0), model.index(0, 0)])
    assert mime.exemplars(data) == [asked.decision.neighbours[0].id, asked.decision.neighbours[2].id]
    assert data.formats() == [mime.EXEMPLARS]
    assert model.flags(model.index(0, 0)) & Qt.ItemFlag.ItemIsDragEnabled


def test_cards_dropped_on_a_class_take_its_label(asked: Desk) -> None:
    ids = [n.id for n in asked.decision.neighbours[:2]]
    classes = asked.window.decide.decision.classes
    row = next(r for r in range(classes.model().rowCount()) if classes.model().index(r, 0).data() == "plants/rose")
    spot = classes.visualRect(classes.model().index(row, 0)).center()
    assert asked.drop(classes.viewport(), mime.of_exemplars(ids), spot)
    assert {row.label for row in asked.memory.catalog.get(ids)} == {"plants/rose"}


def test_what_is_selected_in_the_memory_grid_is_dragged_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[QMimeData] = []

    class Held(QDrag):
        def setMimeData(self, data: QMimeData) -> None:
            taken.append(data)
            super().setMimeData(data)

        def exec(self, *_: object) -> Qt.DropAction:
            return Qt.DropAction.IgnoreAction

    monkeypatch.setattr(grid_mouse, "QDrag", Held)
    desk.press("actionCurate")
    grid = desk.window.curate.grid
    grid.selection.click(1)
    grid.selection.extend(3)
    grid.changed_selection()
    desk.window.curate._files._look()
    desk.settle()
    here = grid.cell_rect(2).center()
    QTest.mousePress(grid.viewport(), Qt.MouseButton.LeftButton, pos=here)
    QTest.mouseMove(grid.viewport(), here + QPoint(40, 0))
    assert [mime.exemplars(data) for data in taken] == [[int(i) for i in grid.ids[1:4]]]
    assert mime.paths(taken[0]) == [e.source for e in desk.memory.catalog.get(grid.ids[1:4])]
    QTest.mouseRelease(grid.viewport(), Qt.MouseButton.LeftButton, pos=here)


def test_pixels_from_a_browser_are_a_query_though_an_address_comes_along(desk: Desk) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/cat.png")])
    data.setImageData(paint_image())
    assert desk.drop(desk.window.decide.query, data)
    assert desk.decision is not None and not desk.notes


@pytest.mark.parametrize("kind", ["address", "text"])
def test_a_bare_address_gets_a_note_and_nothing_else(desk: Desk, kind: str) -> None:
    data = QMimeData()
    if kind == "address":
        data.setUrls([QUrl("https://example.org/cat.png")])
    else:
        data.setText("a cat")
    assert desk.drop(desk.window.decide.query, data)
    assert desk.decision is None and not desk.errors
    assert "not an image" in desk.notes[-1]


def test_pixels_dropped_on_a_class_are_taught(desk: Desk) -> None:
    data = QMimeData()
    data.setImageData(paint_image("blue"))
    classes = desk.window.decide.decision.classes
    assert desk.drop(classes.viewport(), data, classes.visualRect(classes.model().index(0, 0)).center())
    assert desk.memory.summary().active == 19


def test_cards_are_no_words() -> None:
    assert not mime.holds_words(mime.of_exemplars([1]))


@pytest.mark.parametrize("goal", ["grid", "tree"])
def test_a_bare_address_on_curate_gets_the_same_note(desk: Desk, goal: str) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/cat.png")])
    desk.press("actionCurate")
    assert desk.drop(getattr(desk.window.curate, goal).viewport(), data)
    assert "not an image" in desk.notes[-1] and not desk.errors


def test_pixels_dropped_on_a_class_of_curate_are_taught(desk: Desk) -> None:
    data = QMimeData()
    data.setImageData(paint_image("blue"))
    desk.press("actionCurate")
    tree = desk.window.curate.tree
    assert desk.drop(tree.viewport(), data, tree.visualRect(tree.model().find("class", "animals/cat")).center())
    assert desk.memory.catalog.get([19])[0].label == "animals/cat"


def test_what_hangs_at_the_mouse_is_small_and_beside_the_pointer(qapp: QApplication) -> None:
    drag = QDrag(qapp)
    drag_image.hang(drag, QPixmap(300, 200), 12, 1.0)
    assert drag.pixmap().width() <= theme.px(drag_image.SIDE_PT)
    assert drag.hotSpot().x() < 0 and drag.hotSpot().y() < 0
    drag.deleteLater()
