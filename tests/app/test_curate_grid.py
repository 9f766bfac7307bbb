"""The grid of the memory: a million cells, the habits of file managers, thumbnails that come later."""

from __future__ import annotations

import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from visualmemory_gui.app.models.exemplars import Cell
from visualmemory_gui.app.models.thumbnails import AT_ONCE, Thumbnails
from visualmemory_gui.app.widgets.grid.grid_layout import GridLayout
from visualmemory_gui.app.widgets.grid.grid_selection import GridSelection
from visualmemory_gui.app.widgets.grid.memory_grid import MemoryGrid

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Later:
    """A runner that keeps its jobs until the test runs them."""

    def __init__(self) -> None:
        self.jobs = []

    def run_edit(self, title, fn, then=None, *, topic=""):
        self.jobs.append((fn, then))

    def work(self) -> None:
        fn, then = self.jobs.pop(0)
        then(fn())


def jpeg(ids: list[int]) -> dict[int, bytes]:
    """A JPEG for every id that three does not divide."""
    out = BytesIO()
    Image.new("RGB", (256, 128), (200, 30, 30)).save(out, "JPEG")
    return {i: out.getvalue() for i in ids if i % 3}


@pytest.fixture
def later():
    return Later()


@pytest.fixture
def grid(qtbot, later):
    thumbnails = Thumbnails(later)
    thumbnails.set_source(jpeg)
    made = MemoryGrid(lambda ids: [Cell(int(i), "animals/cat", i % 5 == 0) for i in ids], thumbnails)
    made.thumbnails = thumbnails
    qtbot.addWidget(made)
    made.resize(600, 500)
    made.show()
    qtbot.waitExposed(made)
    made.set_ids(np.arange(1, 101, dtype=np.int64))
    made.setFocus()
    return made


def click(grid: MemoryGrid, at: int, keys=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, keys, grid.cell_rect(at).center())


def press(grid: MemoryGrid, key: Qt.Key, keys=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(grid, key, keys)


def test_clicks_select_as_in_a_file_manager(grid):
    click(grid, 2)
    assert grid.selection.ids == [3]
    click(grid, 5, SHIFT)
    assert grid.selection.ids == [3, 4, 5, 6]
    click(grid, 4, CONTROL)
    assert grid.selection.ids == [3, 4, 6]
    click(grid, 0)
    assert grid.selection.ids == [1]


def test_keys_go_extend_wander_and_select_all(grid):
    columns = grid.geometry_of_cells.columns
    click(grid, 0)
    press(grid, Qt.Key.Key_Right)
    press(grid, Qt.Key.Key_Down, SHIFT)
    assert grid.selection.ids == list(range(2, columns + 3))
    press(grid, Qt.Key.Key_End, CONTROL)
    assert grid.selection.current_id == 100 and len(grid.selection) == columns + 1
    assert grid.cell_rect(99).bottom() <= grid.viewport().height()
    press(grid, Qt.Key.Key_Space, CONTROL)
    assert 100 in grid.selection.ids
    press(grid, Qt.Key.Key_A, CONTROL)
    assert len(grid.selection) == 100
    press(grid, Qt.Key.Key_Escape)
    assert len(grid.selection) == 0
    press(grid, Qt.Key.Key_Home)
    assert grid.selection.ids == [1]


def test_a_rubber_band_selects_what_it_touches(grid):
    gap = QPoint(1, 1)
    end = grid.cell_rect(grid.geometry_of_cells.columns + 1).center()
    QTest.mousePress(grid.viewport(), Qt.MouseButton.LeftButton, pos=gap)
    QTest.mouseMove(grid.viewport(), QPoint(20, 20))
    QTest.mouseMove(grid.viewport(), end)
    columns = grid.geometry_of_cells.columns
    assert grid.selection.ids == [1, 2, columns + 1, columns + 2]
    QTest.mouseRelease(grid.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert len(grid.selection) == 4
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=gap)
    assert len(grid.selection) == 0


def test_selection_and_current_survive_another_filter(grid, qtbot):
    click(grid, 9)
    click(grid, 19, CONTROL)
    with qtbot.waitSignal(grid.selection_changed):
        grid.set_ids(np.arange(2, 101, 2, dtype=np.int64)[:8])
    assert grid.selection.ids == [10]
    grid.set_ids(np.empty(0, np.int64))
    assert grid.selection.ids == [] and grid.selection.current_id is None


def test_the_place_of_an_exemplar_that_went_keeps_the_keyboard(grid):
    click(grid, 9)
    grid.set_ids(np.delete(grid.ids, 9))
    assert grid.selection.current == 9 and grid.selection.current_id == 11


def test_return_and_double_click_open_and_space_previews(grid, qtbot):
    click(grid, 4)
    with qtbot.waitSignal(grid.opened) as caught:
        press(grid, Qt.Key.Key_Return)
    assert caught.args == [5]
    with qtbot.waitSignal(grid.opened) as caught:
        QTest.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.cell_rect(6).center())
    assert caught.args == [7]
    with qtbot.waitSignal(grid.preview_requested):
        press(grid, Qt.Key.Key_Space)


def test_the_grid_says_where_the_keyboard_stands(grid):
    click(grid, 4)
    assert grid.accessibleDescription() == "animals/cat, struck out, exemplar 5, 5 of 100; 1 selected"


def test_files_dropped_on_the_grid_are_told(grid, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/images")])
    at, copy, left = QPoint(50, 50), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    no_keys = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(grid.viewport(), QDragEnterEvent(at, copy, data, left, no_keys))
    with qtbot.waitSignal(grid.images_dropped) as caught:
        QApplication.sendEvent(grid.viewport(), QDropEvent(at, copy, data, left, no_keys))
    assert caught.args == [["/images"]]


def test_thumbnails_come_in_small_batches_top_left_first(grid, later, qtbot):
    grid.resize(900, 700)
    grid.viewport().repaint()
    qtbot.waitUntil(lambda: len(later.jobs) == 1)
    later.work()
    assert len(grid.thumbnails) == AT_ONCE
    assert not grid.thumbnails.get(1).isNull() and grid.thumbnails.get(1).width() <= 160
    assert grid.thumbnails.get(3).isNull(), "an exemplar without an image is known to have none"
    assert len(later.jobs) == 1, "one batch at a time"


def test_only_the_last_thumbnails_are_kept_and_forgotten_ones_go(later, qtbot):
    thumbnails = Thumbnails(later, kept_bytes=10 * (160 * 80 * 4 + 256))
    thumbnails.set_source(jpeg)
    wanted = [i for i in range(1, 60) if i % 3]
    for exemplar in wanted:
        thumbnails.get(exemplar)
    qtbot.waitUntil(lambda: bool(later.jobs))
    later.work()
    later.work()
    assert len(thumbnails) == 10
    kept = next(i for i in wanted if i in thumbnails._images)
    thumbnails.forget([kept])
    assert len(thumbnails) == 9


def test_a_batch_for_another_memory_is_thrown_away(later, qtbot):
    thumbnails = Thumbnails(later)
    thumbnails.set_source(jpeg)
    thumbnails.get(1)
    qtbot.waitUntil(lambda: bool(later.jobs))
    thumbnails.set_source(jpeg)
    later.work()
    assert len(thumbnails) == 0


def test_a_million_exemplars_cost_what_fifty_do(grid):
    start = time.perf_counter()
    grid.set_ids(np.arange(1, 1_000_001, dtype=np.int64))
    assert time.perf_counter() - start < 0.1
    spent = []
    for part in np.linspace(0, 1, 9):
        start = time.perf_counter()
        grid.verticalScrollBar().setValue(int(part * grid.verticalScrollBar().maximum()))
        grid.viewport().repaint()
        spent.append(time.perf_counter() - start)
    assert sorted(spent)[4] < 0.02
    press(grid, Qt.Key.Key_End)
    assert grid.selection.current_id == 1_000_000
    press(grid, Qt.Key.Key_A, CONTROL)
    assert len(grid.selection) == 1_000_000


@pytest.mark.parametrize("width", [10, 101, 350, 1000])
def test_every_point_of_a_cell_leads_back_to_it(width):
    layout = GridLayout(count=23, width=width, cell_w=100, cell_h=120, margin=5)
    for at in range(23):
        left, top = layout.origin(at)
        assert layout.at(left, top) == layout.at(left + 99, top + 119) == at
        assert at in layout.touched(left + 1, top + 1, left + 2, top + 2)
        assert at in layout.between(top, top + 10)
    assert layout.at(2, 2) == -1 and layout.at(5, layout.height + 5) == -1


def test_the_selection_without_cells_is_harmless():
    selection = GridSelection()
    selection.select_all()
    selection.clear()
    assert selection.ids == [] and len(selection) == 0 and selection.current_id is None
