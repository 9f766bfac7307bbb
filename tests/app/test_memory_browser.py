"""The memory browser in its workspace: accessible cells, originals that went, files by the hundred, image size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QSlider

from tests.app.curate_hands import Hands
from visualmemory_gui.app.models import exemplars
from visualmemory_gui.app.models.exemplars import Cell, ExemplarsModel, Filter, find
from visualmemory_gui.app.models.grid_cells import CellsModel
from visualmemory_gui.app.models.originals import missing_originals
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.operations import teach
from visualmemory_gui.app.runtime import malloc_trim
from visualmemory_gui.app.widgets.grid import grid_accessibility
from visualmemory_gui.app.widgets.grid.memory_grid import MemoryGrid
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.store import bulk_read

TIP = Qt.ItemDataRole.ToolTipRole


class Later:
    """Keeps its jobs until the test runs them."""

    def __init__(self) -> None:
        self.jobs = []

    def run_edit(self, title, fn, then=None, *, topic="", wait_ms=0):
        self.jobs.append((fn, then))

    def supersede(self, topic) -> None:
        self.jobs.clear()

    def work(self) -> None:
        fn, then = self.jobs.pop(0)
        then(fn())


@pytest.fixture
def grid(qtbot):
    made = MemoryGrid(lambda ids: [Cell(int(i), "animals/cat", i % 5 == 0) for i in ids], Thumbnails(Later()))
    qtbot.addWidget(made)
    made.resize(600, 500)
    made.show()
    qtbot.waitExposed(made)
    made.set_ids(np.arange(1, 1_000_001, dtype=np.int64))
    made.setFocus()
    return made


def spoken(widget):
    return QAccessible.queryAccessibleInterface(widget)


# Accessibility


def test_every_cell_of_a_million_is_a_child_in_the_accessibility_tree(grid):
    there = spoken(grid)
    assert there.role() == QAccessible.Role.List and there.childCount() == 1_000_000
    cell = there.child(999_999)
    assert cell.role() == QAccessible.Role.ListItem
    assert cell.text(QAccessible.Text.Name) == "animals/cat, struck out, exemplar 1000000"
    assert there.indexOfChild(cell) == 999_999
    first = there.child(0)
    assert first.rect().size() == grid.cell_rect(0).size()
    assert there.childAt(*first.rect().center().toTuple()).text(QAccessible.Text.Name).endswith("exemplar 1")


def test_what_is_selected_and_where_the_keyboard_stands_is_told(grid):
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.cell_rect(2).center())
    QTest.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    there = spoken(grid)
    assert [bool(there.child(i).state().selected) for i in (1, 2, 3, 4)] == [False, True, True, False]
    assert there.focusChild().text(QAccessible.Text.Name).endswith("exemplar 4")
    QTest.keyClick(grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert there.child(700_000).state().selected
    QTest.keyClick(grid, Qt.Key.Key_Escape)
    assert not there.child(2).state().selected


def test_a_selection_in_thousands_of_pieces_is_told_where_it_is_seen(grid, monkeypatch):
    monkeypatch.setattr(grid_accessibility, "MOST_RUNS", 50)
    for at in range(0, 400, 2):
        grid.selection.toggle(at)
    grid.changed_selection()
    there = spoken(grid)
    assert [bool(there.child(i).state().selected) for i in (0, 1, 2)] == [True, False, True]
    grid.go_to(300)
    assert [bool(there.child(i).state().selected) for i in (300, 301)] == [True, False]


def test_letters_do_not_search_a_million_rows(grid):
    QTest.keyClick(grid, Qt.Key.Key_Right)
    QTest.keyClicks(grid, "zebra")
    assert grid.selection.current <= 1 and grid.verticalScrollBar().value() == 0


def test_a_row_that_is_gone_by_now_says_nothing():
    rows = CellsModel(lambda ids: [])
    rows.set_ids(np.array([1, 2], np.int64))
    assert rows.index(1, 0).data() is None and rows.index(0, 0).data(TIP) is None


# Originals


def look_for_originals(hands: Hands, qtbot) -> None:
    model = hands.view.originals
    hands.view.grid.viewport().repaint()
    model._rest.stop()
    with qtbot.waitSignal(model.updated):
        model._look()
    hands.settle()


def source(hands: Hands, exemplar: int) -> Path:
    return Path(hands.memory.catalog.get([exemplar])[0].source)


@pytest.fixture
def moved(curate, tmp_path):
    """Curate over a memory whose first original went; its own copy of the images, since the others are shared."""
    [first, second] = [tmp_path / "one.png", tmp_path / "two.png"]
    for path, colour in ((first, "red"), (second, "blue")):
        Image.new("RGB", (40, 30), colour).save(path)
    curate.memory.build(tmp_path, label="moved")
    curate.settle()
    first.unlink()
    return curate


def test_an_original_that_went_is_marked_and_its_thumbnail_stays(moved, qtbot):
    look_for_originals(moved, qtbot)
    by_name = {source(moved, i).name: i for i in moved.memory.catalog.ids_under("moved")}
    gone, here = by_name["one.png"], by_name["two.png"]
    rows = moved.view.grid.rows
    place = moved.view.grid.ids.tolist().index
    assert f"Original missing: {source(moved, gone)}" in rows.index(place(gone), 0).data(TIP)
    assert "missing" not in rows.index(place(here), 0).data(TIP)
    assert rows.index(place(gone), 0).data().endswith("original missing")
    assert not moved.view.grid.grab().isNull()
    moved.select(gone)
    moved.key(Qt.Key.Key_Space)
    assert "Original missing" in moved.view.preview.accessibleName()
    assert moved.view.preview.isVisible() and not moved.view.preview._image.pixmap.isNull()
    moved.select(here)
    moved.settle()
    assert "Original missing" not in moved.view.preview.accessibleName()


def test_an_original_that_came_back_is_marked_no_more(moved, qtbot):
    look_for_originals(moved, qtbot)
    [gone] = [i for i in moved.memory.catalog.ids_under("moved") if moved.view.originals.missing(i)]
    Image.new("RGB", (40, 30), "red").save(source(moved, gone))
    moved.view.originals.look_again()
    look_for_originals(moved, qtbot)
    assert moved.view.originals.missing(gone) == ""


def test_what_was_copied_into_the_memory_misses_nothing(curate, tmp_path):
    Image.new("RGB", (40, 30), "red").save(tmp_path / "one.png")
    [kept] = curate.memory.add([tmp_path / "one.png"], ["moved"], copy=True)
    [linked] = curate.memory.add([tmp_path / "one.png"], ["linked"], copy=False)
    (tmp_path / "one.png").unlink()
    assert missing_originals(curate.memory, [kept, linked]) == {kept: "", linked: str(tmp_path / "one.png")}


# What comes in by the hundred


def images(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    for i in range(count):
        Image.new("RGB", (8, 8), (i % 256, i // 256, 77)).save(folder / f"{i:04d}.png")
    return sorted(folder.iterdir())


def files(paths: list[Path]) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def test_hundreds_of_images_dropped_on_a_class_are_one_step_and_bad_ones_are_told(curate, tmp_path, monkeypatch):
    monkeypatch.setattr(teach, "MANY", 20)
    paths = images(tmp_path / "new", 40)
    paths[7].write_bytes(b"no image")
    paths[9].unlink()
    notes: list[str] = []
    curate.session.note_posted.connect(lambda text, *_: notes.append(text))
    curate.drop_on_class(files(paths), "class", "animals/dog")
    curate.settle()
    curate.settle()
    assert curate.memory.summary().labels["animals/dog"] == 6 + 38
    assert notes[-1] == "Added 38 exemplars as animals/dog; 2 files skipped."
    curate.memory.undo()
    assert curate.memory.summary().exemplars == 18


def test_a_crowd_dropped_where_no_class_is_asks_once(curate, tmp_path, monkeypatch):
    monkeypatch.setattr(teach, "MANY", 20)
    curate.drop(curate.view.grid.viewport(), files(images(tmp_path / "new", 30)), QPoint(30, 30))
    curate.choose("animals/fox")
    curate.settle()
    curate.settle()
    assert curate.memory.summary().labels["animals/fox"] == 30


def test_ten_thousand_places_that_are_not_there_are_told_and_nothing_else_happens(curate, tmp_path):
    notes, errors = [], []
    curate.session.note_posted.connect(lambda text, *_: notes.append(text))
    curate.session.error_raised.connect(lambda *words: errors.append(words))
    paths = [tmp_path / f"{i}.png" for i in range(10_000)]
    curate.drop_on_class(files(paths), "class", "animals/dog")
    curate.settle()
    curate.settle()
    assert notes[-1] == "Added 0 exemplars as animals/dog; 10,000 files skipped." and not errors
    assert curate.memory.summary().exemplars == 18


def test_images_named_one_by_one_need_a_label(tmp_path):
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        with pytest.raises(BadValue, match="label"):
            memory.build([str(tmp_path / "a.png")])
        assert memory.build([], label="cat").added == 0


# Size, search, memory


def test_the_size_of_the_images_is_a_slider_two_keys_and_a_wheel(desk):
    desk.press("actionCurate")
    view = desk.window.curate
    slider = view.findChild(QSlider, "gridSize")
    wide = view.grid.cell_rect(0).width()
    slider.setValue(slider.value() + 1)
    assert view.grid.cell_rect(0).width() > wide
    view.actions_by_id["smaller"].trigger()
    assert view.grid.cell_rect(0).width() == wide
    at = QPointF(view.grid.viewport().rect().center())
    turn = QWheelEvent(
        at, view.grid.mapToGlobal(at), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.grid.viewport(), turn)
    assert view.grid.cell_rect(0).width() > wide and slider.accessibleDescription() == "Large"
    assert desk.window.settings.value("side") == "112.0"


def test_a_long_search_goes_in_turns_and_finds_what_one_look_finds(small, monkeypatch, qapp):
    monkeypatch.setattr(bulk_read, "SLICE", 4)
    monkeypatch.setattr(exemplars, "TURN_S", 0.0)
    later = Later()
    with VisualMemory.open(small) as memory:
        memory.strike([2, 8])
        model = ExemplarsModel(later)
        model.set_memory(memory)
        model.set_filter(Filter(text="ROSE", state="active"))
        turns = 0
        while later.jobs:
            later.work()
            turns += 1
        assert turns > 3
        rows = memory.catalog.select(state="active")
        assert model.ids.tolist() == [e.id for e in rows if "rose" in f"{e.label} {e.source}"]
        assert find(memory, Filter(state="struck")).ids.tolist() == [2, 8]
        memory.undo()
        memory.add_images([Image.new("RGB", (9, 9))], ["x"])
        memory.undo()
        found = find(memory, Filter())
        assert (len(found.ids), found.total, found.struck) == (18, 18, 0)


def test_memory_that_is_free_can_be_given_back():
    malloc_trim.give_back()
    malloc_trim.give_back()
