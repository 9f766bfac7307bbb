"""The page Growth: three experiments, their tables, and a plot for the sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox

from tests.app.conftest import Desk
from tests.conftest import paint_image, write_images
from visualmemory_gui.app.models.experiment import STOPPED
from visualmemory_gui.app.models.experiments import GrowthFound
from visualmemory_gui.app.views.study.growth_page import KINDS, GrowthPage


def page_of(desk: Desk) -> GrowthPage:
    """The page, seen and at rest."""
    [page] = [page for page in desk.window.study.pages if isinstance(page, GrowthPage)]
    desk.window.show_workspace("study")
    desk.window.study.tabs.setCurrentWidget(page)
    desk.settle()
    return page


def measured(desk: Desk, kind: str) -> GrowthPage:
    page = page_of(desk)
    page.kind.setCurrentIndex([name for name, *_ in KINDS].index(kind))
    page.actions_by_id["measure"].trigger()
    desk.settle()
    return page


def cells(page: GrowthPage, column: int) -> list[str]:
    return [item.text() for row in range(page.table.rowCount()) if (item := page.table.item(row, column))]


def test_added_classes_stand_in_a_table_by_their_exemplars(desk: Desk) -> None:
    page = measured(desk, "classes")
    assert cells(page, 0) == ["0", "1", "3", "10", "all"]
    assert cells(page, page.table.columnCount() - 1)[0].startswith("no measurable change")
    assert page.before.text().startswith("New classes: 1, ")
    assert not page.plot.isVisible()


def test_classes_with_relatives_have_their_levels(desk: Desk) -> None:
    page = measured(desk, "levels")
    head = [page.table.horizontalHeaderItem(column) for column in range(page.table.columnCount())]
    assert "new, level 1" in [item.text() for item in head if item is not None]


def test_sizes_are_plotted_with_both_fits(desk: Desk) -> None:
    page = measured(desk, "scaling")
    found = page.model.found
    assert isinstance(found, GrowthFound) and found.scaling is not None
    assert cells(page, 0) == [str(point.size) for point in found.scaling.points]
    assert page.plot.isVisible() and page.plot.chart is not None
    measured_ones = page.plot.chart.lines[0]
    assert measured_ones.ys == tuple(100 * point.error for point in found.scaling.points if point.error > 0)


def test_the_chart_of_sizes_is_saved_as_a_drawing_and_a_table(desk: Desk, tmp_path: Path) -> None:
    page = measured(desk, "classes")
    assert not page.actions_by_id["export"].isEnabled()  # a table, no chart
    page = measured(desk, "scaling")
    desk.ask.path = str(tmp_path)
    page.actions_by_id["export"].trigger()
    desk.settle()
    assert (tmp_path / "growth.csv").read_text().startswith("chart,series,x,y\n")
    assert page.plot.chart is not None and (tmp_path / f"{page.plot.chart.name}.svg").stat().st_size > 500


@pytest.fixture
def newcomers(tmp_path: Path) -> Path:
    """Two classes that the memory does not hold, one that it does, and a file that is no image."""
    folder = tmp_path / "new"
    for label, colour in (("lemon", (250, 240, 40)), ("plum", (90, 20, 120))):
        (folder / label).mkdir(parents=True)
        for seed in range(5):
            paint_image(colour, seed=800 + seed).save(folder / label / f"{seed}.png")
    write_images(folder, each=2)
    (folder / "lemon" / "broken.png").write_bytes(b"no image")
    return folder


def test_new_classes_come_from_a_folder_and_nothing_is_written(desk: Desk, newcomers: Path) -> None:
    before = desk.memory.snapshot.change
    desk.ask.path = str(newcomers)
    page = page_of(desk)
    assert page.actions_by_id["measure"].text() == "Run"
    page = measured(desk, "new")
    assert page.actions_by_id["measure"].text() == "Choose a folder…"
    assert page.before.text().startswith("New classes: 2, ")
    assert cells(page, 0) == ["0", "1", "3", "10", "all"]
    held = ", ".join(sorted(desk.memory.snapshot.labels))
    assert page.after.text() == f"Left out because the memory already has them: {held}."
    assert desk.memory.snapshot.change == before and len(desk.memory.snapshot) == 18


def test_what_could_not_be_read_of_the_folder_is_listed(desk: Desk, newcomers: Path) -> None:
    desk.ask.path = str(newcomers)
    page = measured(desk, "new")
    assert page.unread.isVisible() and page.unread.text() == "1 file was left out…"
    page.unread.click()
    [(path, reason)] = desk.ask.rows
    assert path.endswith("broken.png") and reason
    page = measured(desk, "classes")
    assert not page.unread.isVisible()


def test_a_folder_of_classes_that_are_all_here_is_told_on_the_page(desk: Desk, tmp_path: Path) -> None:
    desk.ask.path = str(write_images(tmp_path / "known", each=2))
    page = measured(desk, "new")
    assert page.state.text().startswith("The memory holds each of these classes already: ") and not desk.errors


def test_adding_from_a_folder_can_be_stopped(desk: Desk, newcomers: Path) -> None:
    page = page_of(desk)
    page.add_from(str(newcomers))
    page.actions_by_id["stop"].trigger()
    desk.settle()
    assert page.state.text() == STOPPED and page.model.found is None and page.actions_by_id["measure"].isEnabled()


def test_the_question_follows_the_choice(desk: Desk) -> None:
    page = page_of(desk)
    assert isinstance(page.kind, QComboBox)
    for place, (_, _, question) in enumerate(KINDS):
        page.kind.setCurrentIndex(place)
        assert page.about.text() == question


def test_the_memory_is_not_changed(desk: Desk) -> None:
    before = desk.memory.snapshot.change
    page = measured(desk, "classes")
    assert page.model.found is not None and desk.memory.snapshot.change == before


@pytest.mark.parametrize("action", ["measure", "stop"])
def test_without_a_memory_nothing_can_be_run(empty_desk: Desk, action: str) -> None:
    [page] = [page for page in empty_desk.window.study.pages if isinstance(page, GrowthPage)]
    assert not page.actions_by_id[action].isEnabled()
