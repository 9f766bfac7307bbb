"""The map: drawn when it is seen, kept current with edits, selected on with mouse and keyboard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from tests.app.conftest import Desk
from tests.conftest import clustered, paint_image
from visualmemory_gui.app.models.map import inside, nearest_spot
from visualmemory_gui.app.operations import teach
from visualmemory_gui.app.views.study.map_page import MapPage
from visualmemory_gui.app.widgets.chart import map_view
from visualmemory_gui.app.widgets.chart.map_view import MapView
from visualmemory_gui.engine.experiments.map import KEPT


def page_of(desk: Desk) -> MapPage:
    """The map page, seen and at rest."""
    [page] = [page for page in desk.window.study.pages if isinstance(page, MapPage)]
    desk.window.show_workspace("study")
    desk.window.study.tabs.setCurrentWidget(page)
    desk.window.study.begin()
    desk.settle()
    return page


def settle_all(desk: Desk) -> None:
    """What an edit from elsewhere sets going, too."""
    desk.settle()
    desk.settle()


def view_of(page: MapPage) -> MapView:
    assert page.view is not None
    return page.view


def spot_of(view: MapView, xy: np.ndarray) -> QPoint:
    return view.mapFromScene(view.box.mapViewToScene(QPointF(float(xy[0]), float(xy[1]))))


def drag(view: MapView, *spots: QPoint) -> None:
    """With the left button through ``spots``."""
    port = view.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=spots[0])
    for spot in spots[1:]:
        QTest.mouseMove(port, spot)
        QTest.qWait(20)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=spots[-1])


def test_the_map_shows_every_exemplar_and_is_kept_with_the_memory(desk: Desk) -> None:
    page = page_of(desk)
    assert page.model.found is not None and len(page.model.found.ids) == 18
    assert page.model.found.names == ("animals", "plants")
    assert desk.memory.results.get(KEPT) is not None


def test_the_page_that_is_seen_begins_when_study_is_opened(desk: Desk) -> None:
    [page] = [page for page in desk.window.study.pages if isinstance(page, MapPage)]
    desk.window.study.tabs.setCurrentWidget(page)
    desk.settle()
    assert page.model.found is None
    desk.press("actionStudy")
    desk.settle()
    assert page.model.found is not None and len(page.model.found.ids) == 18


def test_a_new_exemplar_is_placed_at_once_and_marked(desk: Desk, tmp_path: Path) -> None:
    page = page_of(desk)
    before = page.model.found
    assert before is not None
    file = tmp_path / "new.png"
    paint_image((200, 60, 40), seed=77).save(file)
    desk.memory.add([file], ["animals/cat"])
    desk.memory.strike([1])
    settle_all(desk)
    after = page.model.found
    assert after is not None and after.ids[after.placed].tolist() == [19]
    assert np.array_equal(after.xy[:18], before.xy) and after.struck.tolist() == [True] + 18 * [False]
    assert "1 placed since" in page.how.text()


def test_what_is_forgotten_leaves_the_map_and_the_map_it_helped_to_make(desk: Desk) -> None:
    page = page_of(desk)
    before = desk.memory.results.get(KEPT)
    desk.memory.forget([3])
    settle_all(desk)
    assert page.model.found is not None and 3 not in page.model.found.ids
    after = desk.memory.results.get(KEPT)
    assert after is not None and after != before


def test_the_query_and_its_neighbours_are_lit_up(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.settle()
    page = page_of(desk)
    image = page.model.found
    assert image is not None and page.model.query is not None
    assert np.abs(page.model.query[0] - image.spots_of(np.array([1]))[0]).max() < 1e-4


def test_a_click_selects_a_dot_and_a_box_all_within(desk: Desk) -> None:
    page = page_of(desk)
    view, seen = view_of(page), page.model.found
    assert seen is not None
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot_of(view, seen.xy[4]))
    assert view.selected.tolist() == [5]
    drag(view, QPoint(2, 2), QPoint(60, 60), QPoint(view.width() - 3, view.height() - 3))
    assert view.selected.tolist() == seen.ids.tolist()
    assert page.summary.text() == "18 selected: animals 12, plants 6"
    page.actions_by_id["curate"].trigger()
    desk.settle()
    assert desk.window.workspace == "curate" and len(desk.window.curate.grid.ids) == 18


def test_a_lasso_takes_what_it_goes_around(desk: Desk) -> None:
    page = page_of(desk)
    view, seen = view_of(page), page.model.found
    assert seen is not None
    view.set_tool("lasso")
    far = int(np.abs(seen.xy - seen.xy.mean(axis=0)).sum(axis=1).argmax())
    middle = spot_of(view, seen.xy[far])
    around = [middle + QPoint(*d) for d in ((-9, -9), (9, -9), (9, 9), (-9, 9), (-9, -8))]
    drag(view, *around)
    assert int(seen.ids[far]) in view.selected and len(view.selected) < 18


def test_the_keys_select_move_and_let_go(desk: Desk) -> None:
    page = page_of(desk)
    view = view_of(page)
    view.setFocus()
    page.actions_by_id["all_in_sight"].trigger()
    assert len(view.selected) == 18
    before = view.box.viewRange()
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.box.viewRange() != before
    QTest.keyClick(view, Qt.Key.Key_0)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert len(view.selected) == 0


def test_many_exemplars_are_painted_as_pixels(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_view, "MOST_DOTS", 5)
    view = view_of(page_of(desk))
    view._paint_pixels()
    assert view._pixels.isVisible() and view._pixels.image[..., 3].max() > 0 and not view._dots


def test_an_empty_memory_says_what_a_map_needs(empty_desk: Desk, tmp_path: Path) -> None:
    empty_desk.window.session.create(tmp_path / "new.vmem", encoder="fake")
    empty_desk.settle()
    page = page_of(empty_desk)
    assert page.empty.isVisible() and not page.actions_by_id["again"].isEnabled()


def test_while_it_is_drawn_the_page_says_so(desk: Desk) -> None:
    [page] = [page for page in desk.window.study.pages if isinstance(page, MapPage)]
    desk.window.show_workspace("study")
    desk.window.study.tabs.setCurrentWidget(page)
    assert page.model.running and page.empty.text() == "Drawing the map of 18 exemplars…" and page.empty.isVisible()
    desk.settle()
    assert not page.model.running and not page.empty.isVisible()


def test_three_exemplars_are_enough_and_two_are_told_to_be_too_few(desk: Desk) -> None:
    desk.memory.strike(range(3, 19))
    settle_all(desk)
    page = page_of(desk)
    assert "three exemplars" in page.empty.text() and page.empty.isVisible() and desk.errors == []
    desk.memory.restore([3])
    settle_all(desk)
    assert page.model.found is not None and len(page.model.found.ids) >= 3 and not page.empty.isVisible()


def test_the_layout_that_is_shown_is_marked(desk: Desk) -> None:
    page = page_of(desk)
    marked = {name: page.actions_by_id[name].isChecked() for name in ("again", "tsne")}
    assert marked == {"again": True, "tsne": False}
    page.actions_by_id["again"].trigger()
    assert page.actions_by_id["again"].isChecked() and page.model.running
    desk.settle()
    assert page.actions_by_id["again"].isChecked() and not page.model.running


def test_a_second_press_lays_out_no_second_time(desk: Desk) -> None:
    page = page_of(desk)
    started: list[str] = []
    desk.window.session.tasks.started.connect(lambda task: started.append(task.title))
    for _ in range(3):
        page.actions_by_id["again"].trigger()
    assert started.count("Laying out the map") == 1
    desk.settle()


def test_a_layout_that_an_edit_came_into_is_shown_with_it(desk: Desk, tmp_path: Path) -> None:
    page = page_of(desk)
    paint_image((9, 200, 9), seed=77).save(tmp_path / "new.png")
    page.actions_by_id["again"].trigger()
    teach.teach(desk.window.session, [tmp_path / "new.png"], "fresh")
    settle_all(desk)
    assert page.model.found is not None and 19 in page.model.found.ids.tolist() and not page.model.running


def test_a_spot_is_inside_an_outline_by_the_even_odd_rule() -> None:
    spots, _ = clustered(500, dim=2, classes=3, seed=1)
    square = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.9), (-0.5, 0.9)], np.float32)
    expected = (np.abs(spots[:, 0]) < 0.5) & (spots[:, 1] > -0.5) & (spots[:, 1] < 0.9)
    assert np.array_equal(inside(spots, square), expected)
    assert not inside(spots, np.empty((0, 2), np.float32)).any()


def test_the_nearest_spot_is_found_within_reach_only() -> None:
    xy = np.array([(0, 0), (1, 1), (1.1, 1)], np.float32)
    assert nearest_spot(xy, (1.04, 1.0), within=(0.2, 0.2)) == 1
    assert nearest_spot(xy, (0.5, 0.5), within=(0.2, 0.2)) is None
