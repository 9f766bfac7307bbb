"""The map: drawn when it is seen, kept current with edits, selected on with mouse and keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import clustered, paint_image
from visualmemory_gui.app.models.map import inside, nearest_spot
from visualmemory_gui.app.operations import teach
from visualmemory_gui.app.views.study import map_page
from visualmemory_gui.app.views.study.map_page import MapPage
from visualmemory_gui.app.widgets.map.map_view import MapView
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.experiments import tsne
from visualmemory_gui.engine.experiments.map import KEPT, Layout
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import F64


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


def spot_of(view: MapView, exemplar: int) -> QPoint:
    spot = view.pixel_of(exemplar)
    assert spot is not None
    return spot.toPoint()


def drag(view: MapView, *spots: QPoint, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """With the left button through ``spots``."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    moves = [(QEvent.Type.MouseMove, none, left, spot) for spot in spots[1:]]
    steps = [(QEvent.Type.MouseButtonPress, left, left, spots[0]), *moves]
    for kind, button, held, spot in (*steps, (QEvent.Type.MouseButtonRelease, left, none, spots[-1])):
        here = QPointF(spot)
        QApplication.sendEvent(view, QMouseEvent(kind, here, view.mapToGlobal(here), button, held, keys))


def corners(view: MapView) -> tuple[QPoint, ...]:
    return QPoint(2, 2), QPoint(60, 60), QPoint(view.width() - 3, view.height() - 3)


def test_the_map_shows_every_exemplar_and_is_kept_with_the_memory(desk: Desk) -> None:
    page = page_of(desk)
    assert page.model.found is not None and len(page.model.found.ids) == 18
    assert page.classes.names == ("animals/cat", "animals/dog", "plants/rose")
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
    assert "1 placed since" in page.how.text() and "out of date" in page.how.text()
    desk.press("actionUndo")
    desk.press("actionUndo")
    settle_all(desk)
    assert page.model.found is not None and page.model.found.ids.tolist() == list(range(1, 19))


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


def test_a_hidden_map_places_no_query_until_it_is_seen_again(desk: Desk) -> None:
    page = page_of(desk)
    desk.window.on_query_chosen(1)
    desk.settle()
    assert not page.isVisible() and page.model.query is None
    assert page_of(desk).model.query is not None


def test_a_selection_on_either_side_is_worked_through_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    page, passes = page_of(desk), []
    monkeypatch.setattr(page.preview_binding, "update", lambda: passes.append(page.view.selected.tolist()))
    page.view.select(np.array([5]))
    page.grid.select(np.array([2, 3]))
    page.view.select(np.empty(0, np.int64))
    assert passes == [[5], [2, 3], []]


def test_a_click_selects_a_dot_and_a_box_all_within(desk: Desk) -> None:
    page = page_of(desk)
    view, seen = page.view, page.model.found
    assert seen is not None
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot_of(view, 5))
    assert view.selected.tolist() == [5] == page.grid.selection.ids
    page.actions_by_id["box"].trigger()
    drag(view, *corners(view))
    assert view.selected.tolist() == seen.ids.tolist() == page.grid.selection.ids
    assert page.summary.accessibleName() == "18 selected: animals/cat 6, animals/dog 6, plants/rose 6"
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, spot_of(view, 5))
    assert len(view.selected) == 17 and 5 not in view.selected
    page.actions_by_id["curate"].trigger()
    desk.settle()
    assert desk.window.workspace == "curate" and len(desk.window.curate.grid.ids) == 17


def test_the_mouse_over_a_dot_shows_its_image_and_label_until_it_leaves(desk: Desk, qtbot: QtBot) -> None:
    page = page_of(desk)
    view = page.view
    view.clearFocus()
    bare = view.grab().toImage()
    QTest.mouseMove(view, spot_of(view, 5))
    view.grab()  # which asks for the image
    qtbot.waitUntil(lambda: page.thumbnails.get(5) is not None, timeout=5000)
    assert view.grab().toImage() != bare
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert view.grab().toImage() == bare


def test_a_lasso_takes_what_it_goes_around_and_the_list_shows_it(desk: Desk) -> None:
    page = page_of(desk)
    view, seen = page.view, page.model.found
    assert seen is not None
    page.actions_by_id["lasso"].trigger()
    far = int(seen.ids[np.abs(seen.xy - seen.xy.mean(axis=0)).sum(axis=1).argmax()])
    around = [spot_of(view, far) + QPoint(*d) for d in ((-9, -9), (9, -9), (9, 9), (-9, 9), (-9, -8))]
    drag(view, *around)
    assert far in view.selected and len(view.selected) < 18
    assert page.grid.ids.tolist() == view.selected.tolist() == page.grid.selection.ids
    drag(view, *corners(view)[:1], *corners(view)[2:], keys=Qt.KeyboardModifier.ShiftModifier)
    assert far in view.selected
    page.grid.setFocus()
    QTest.keyClick(page.grid, Qt.Key.Key_Escape)
    assert len(view.selected) == 0 and len(page.grid.ids) == 18


def test_a_drag_and_the_wheel_move_the_map_and_images_take_the_place_of_dots(desk: Desk) -> None:
    page = page_of(desk)
    view, seen = page.view, page.model.found
    assert seen is not None
    before = spot_of(view, 7)
    drag(view, QPoint(50, 50), QPoint(80, 90), QPoint(90, 80))
    assert spot_of(view, 7) - before == QPoint(40, 30) and not len(view.selected)
    spot = view.pixel_of(7)
    assert spot is not None
    for _ in range(12):
        wheel(view, spot, 120)
    after = view.pixel_of(7)
    assert after is not None and (after - spot).manhattanLength() < 0.1
    desk.bot.waitUntil(lambda: view.shows_images and view.exemplar_at(spot) is not None)
    page.actions_by_id["fit"].trigger()
    pixels = view.camera.pixels_of(seen.xy)
    assert (pixels > 0).all() and (pixels < np.array((view.width(), view.height()))).all()


def wheel(view: MapView, here: QPointF, turn: int) -> None:
    none = Qt.MouseButton.NoButton
    keys, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(here, view.mapToGlobal(here), QPoint(), QPoint(0, turn), none, keys, phase, False)
    QApplication.sendEvent(view, event)


def test_the_selection_is_struck_restored_and_weighed_in_one_step_each(desk: Desk) -> None:
    page = page_of(desk)
    page.view.setFocus()
    page.view.select(np.array([2, 3]))
    assert page.actions_by_id["strike"].text() == "Strike out 2 exemplars"
    QTest.keyClick(page.view, Qt.Key.Key_X)
    settle_all(desk)
    image = page.model.found
    assert image is not None and image.ids[image.struck].tolist() == [2, 3] == page.view.selected.tolist()
    assert not page.actions_by_id["strike"].isEnabled() and len(desk.undos) == 1
    QTest.keyClick(page.view, Qt.Key.Key_U)
    settle_all(desk)
    assert page.model.found is not None and not page.model.found.struck.any()
    desk.press("actionUndo")
    desk.press("actionUndo")
    assert desk.memory.snapshot.active.all()


def test_a_class_of_the_legend_selects_its_exemplars_and_keeps_its_colour(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.settle()
    marks = desk.window.session.class_marks.slots
    page = page_of(desk)
    assert marks.items() <= page.classes.held.items() and len(set(page.classes.slots)) == 3
    page.legend.class_chosen.emit(1)
    names = {row.label for row in desk.memory.catalog.get(page.view.selected.tolist())}
    assert names == {page.classes.names[1]} and len(page.view.selected) == 6
    before = page.classes.held
    desk.memory.relabel(page.view.selected.tolist()[:5], page.classes.names[2])
    settle_all(desk)
    assert page.classes.held == before


def test_the_keys_select_move_and_let_go(desk: Desk) -> None:
    page = page_of(desk)
    view = page.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(view.selected) == 18
    before = view.camera
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.camera.scale > before.scale and view.camera.x > before.x
    QTest.keyClick(view, Qt.Key.Key_0)
    assert abs(view.camera.x - before.x) < 1e-6
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert len(view.selected) == 0
    page.grid.setFocus()
    QTest.keyClick(page.grid, Qt.Key.Key_End)
    assert view.selected.tolist() == [18]


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


def test_a_read_only_memory_is_mapped_and_says_why_it_is_not_edited(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.window.session.open(desk.memory.path, readonly=True)
    desk.settle()
    page = page_of(desk)
    page.view.select(np.array([1, 2]))
    strike, relabel = page.actions_by_id["strike"], page.actions_by_id["relabel"]
    assert not strike.isEnabled() and not relabel.isEnabled() and "reading only" in strike.toolTip()
    assert page.actions_by_id["curate"].isEnabled() and len(page.grid.ids) == 18
    assert desk.memory.results.get(KEPT) is None
    monkeypatch.setattr(map_page, "has_tsne", lambda: False)
    page.on_selection_changed()
    tsne_action = page.actions_by_id["tsne"]
    assert not tsne_action.isEnabled() and "pip install" in tsne_action.toolTip()


def test_a_kept_map_that_makes_no_sense_is_laid_out_again(desk: Desk) -> None:
    desk.memory.results.keep(KEPT, '{"method": "pca"}', change=desk.memory.snapshot.change, seen=np.array([1]))
    page = page_of(desk)
    assert page.model.found is not None and desk.errors == []


def test_equal_vectors_lie_at_one_place_where_all_can_be_selected(desk: Desk, tmp_path: Path) -> None:
    desk.window.session.create(tmp_path / "equal.vmem", encoder="fake")
    desk.settle()
    file = tmp_path / "one.png"
    paint_image((200, 60, 40), seed=3).save(file)
    for label in ("a", "b", "c", "d"):
        desk.memory.add([file], [label])
    settle_all(desk)
    page = page_of(desk)
    assert page.model.found is not None and len(page.model.found.ids) == 4 and desk.errors == []
    assert page.view.exemplar_at(QPointF(page.view.rect().center())) is not None
    page.actions_by_id["box"].trigger()
    drag(page.view, *corners(page.view))
    assert len(page.view.selected) == 4


def test_neighbourhoods_grow_in_sight_and_cancel_keeps_what_is_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_of(desk)
    seen: list[str] = []
    whole = tsne.steps

    def cancelled_at_100(flat: F64, *, seed: int, report: Report) -> Iterator[tuple[int, F64]]:
        for done, xy in whole(flat, seed=seed, report=report):
            yield done, xy
            if done == 100:
                raise Cancelled

    monkeypatch.setattr(tsne, "steps", cancelled_at_100)
    page.model.updated.connect(lambda: seen.append(page.how.text().split(";")[0]))
    page.actions_by_id["tsne"].trigger()
    desk.settle()
    growing = [text for text in dict.fromkeys(seen) if text.startswith("Growing")]
    assert growing == [f"Growing: {done} of 750 steps" for done in (25, 50, 75, 100)]
    image = page.model.found
    assert image is not None and image.layout.steps == 100 and page.how.text().startswith("Stopped after 100 of 750")
    kept = desk.memory.results.get(KEPT)
    assert kept is not None and Layout.from_text(kept).steps == 100
    assert page.actions_by_id["tsne"].isChecked()
