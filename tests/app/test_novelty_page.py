"""The page Novelty: a folder of unknown images is compared with the memory, in words and as a histogram."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QGraphicsView

from tests.app.conftest import Desk
from tests.conftest import paint_image
from visualmemory_gui.app import theme
from visualmemory_gui.app.models.experiment import OLDER, STOPPED
from visualmemory_gui.app.models.experiments import NoveltyFound
from visualmemory_gui.app.views.study.novelty_page import NoveltyPage
from visualmemory_gui.engine.progress import Report


@pytest.fixture
def unknown(tmp_path: Path) -> Path:
    """Six grey images, and a file that is none."""
    folder = tmp_path / "unknown"
    folder.mkdir()
    for seed in range(6):
        paint_image((128, 128, 128), seed=500 + seed).save(folder / f"{seed}.png")
    (folder / "broken.png").write_bytes(b"no image")
    return folder


def page_of(desk: Desk) -> NoveltyPage:
    """The page, seen and at rest."""
    [page] = [page for page in desk.window.study.pages if isinstance(page, NoveltyPage)]
    desk.window.show_workspace("study")
    desk.window.study.tabs.setCurrentWidget(page)
    desk.settle()
    return page


def measured(desk: Desk, folder: Path) -> NoveltyPage:
    page = page_of(desk)
    desk.ask.path = str(folder)
    page.actions_by_id["choose"].trigger()
    desk.settle()
    return page


def test_a_folder_is_asked_for_and_the_answer_told_in_sentences(desk: Desk, unknown: Path) -> None:
    page = measured(desk, unknown)
    lines = page.sentences.text().splitlines()
    assert lines[0] == "9 known images, 6 unknown images."
    assert "(AUROC)" in lines[1]
    assert page.plot.isVisible() and not page.about.isVisible()
    assert page.plot.accessibleDescription() == page.sentences.text()
    assert page.plot.chart is not None
    known, unknown = page.plot.chart.lines
    assert (known.style, unknown.style) == ("bars", "hatched")
    assert [round(sum(line.ys)) for line in (known, unknown)] == [100, 100]
    assert page.plot.chart.marks[0].name.startswith("95 % of the known: ")


def test_what_could_not_be_read_is_listed_with_the_reasons(desk: Desk, unknown: Path) -> None:
    page = page_of(desk)
    assert not page.unread.isVisible()
    page = measured(desk, unknown)
    assert page.unread.isVisible() and page.unread.text() == "1 file was left out…"
    page.unread.click()
    assert desk.ask.asked[-1] == "1 file was left out"
    [(path, reason)] = desk.ask.rows
    assert path == str(unknown / "broken.png") and reason


def test_a_folder_in_which_nothing_can_be_read_says_why(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "broken.png").write_bytes(b"no image")
    page = measured(desk, tmp_path / "bad")
    assert page.state.text().startswith("No image could be read in ") and "broken.png: " in page.state.text()


def test_the_histogram_takes_the_colours_of_the_look(desk: Desk, unknown: Path, qapp: QApplication) -> None:
    page = measured(desk, unknown)
    theme.apply(qapp, "dark")
    desk.settle()
    [drawing] = page.plot.findChildren(QGraphicsView)
    assert drawing.backgroundBrush().color() == QColor(theme.DARK.surface)


def test_an_edit_makes_the_answer_an_older_one_and_forgetting_takes_it_away(desk: Desk, unknown: Path) -> None:
    page = measured(desk, unknown)
    desk.memory.strike([1])
    desk.settle()
    assert page.state.text() == OLDER and isinstance(page.model.found, NoveltyFound)
    desk.memory.forget([2])
    desk.settle()
    assert page.model.found is None and page.about.isVisible() and page.plot.chart is None


def test_a_test_is_set_as_in_the_selected_row_and_set_back_by_undo(desk: Desk, unknown: Path) -> None:
    page = measured(desk, unknown)
    use = page.actions_by_id["use"]
    assert not use.isEnabled() and page.table.isVisible()
    rows = [row.cells[:2] for row in page.model.found.rows]
    page.table.selectRow(rows.index(("unlike anything here", "0.98")))
    assert use.isEnabled() and use.text() == "Use 0.98 for unlike anything here"
    before = desk.memory.settings
    use.trigger()
    desk.settle()
    assert (desk.memory.settings.unlike, desk.memory.settings.unlike_quantile) == (True, 0.98)
    desk.window.notes.on_undo()
    desk.settle()
    assert desk.memory.settings == before


def test_classes_of_the_memory_can_take_the_place_of_a_folder(desk: Desk) -> None:
    page = page_of(desk)
    page.actions_by_id["hide"].trigger()
    desk.settle()
    assert "whose classes were hidden from it: " in page.sentences.text()
    assert page.table.rowCount() == len(page.model.found.rows) > 5


def test_it_can_be_stopped(desk: Desk) -> None:
    page = page_of(desk)

    def endless(memory: object, report: Report) -> None:
        while True:
            report(0, None)

    page.model.run("Measuring novelty", endless)
    assert not page.actions_by_id["choose"].isEnabled()
    page.actions_by_id["stop"].trigger()
    desk.settle()
    assert page.state.text() == STOPPED and page.actions_by_id["choose"].isEnabled()


def test_what_cannot_be_measured_is_told_on_the_page(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    page = measured(desk, tmp_path / "nothing")
    assert page.state.text().startswith("No image could be read in ") and not desk.errors
