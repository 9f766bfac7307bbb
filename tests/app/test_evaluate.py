"""The page that tells how often decisions are right."""

from __future__ import annotations

import csv
import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QListWidget, QPushButton, QTableWidget
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import clustered
from visualmemory_gui.app import theme
from visualmemory_gui.app.models.blame import BlameModel
from visualmemory_gui.app.models.chart import table
from visualmemory_gui.app.models.charts import accuracy, calibration, charts, reliability, sweeps
from visualmemory_gui.app.models.evaluation import ConfusionCell
from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.app.views.study.evaluate_page import EvaluatePage
from visualmemory_gui.app.widgets.chart.confusion_panel import ConfusionPanel
from visualmemory_gui.app.widgets.tables.blame_box import BlameBox
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.evaluation.runs import kept
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@pytest.fixture
def taught(tmp_path: Path) -> Path:
    """A memory whose decisions are often wrong."""
    vectors, of = clustered(500, dim=8, classes=5, seed=1, spread=0.8)
    with VisualMemory.create(tmp_path / "wrong.vmem", dim=8) as memory:
        memory.add_vectors(vectors, of)
    return tmp_path / "wrong.vmem"


@pytest.fixture
def page(empty_desk: Desk, taught: Path) -> EvaluatePage:
    empty_desk.open(taught)
    empty_desk.press("actionStudy")
    empty_desk.window.study.tabs.setCurrentWidget(empty_desk.window.study.evaluate)
    return empty_desk.window.study.evaluate


def run(desk: Desk) -> None:
    button = desk.window.findChild(QPushButton, "evaluateButton")
    assert button is not None
    button.click()
    desk.settle()


def test_evaluate_draws_curves_and_says_the_figure(empty_desk: Desk, page: EvaluatePage) -> None:
    assert page.summary.text() == ""
    run(empty_desk)
    assert "% of 500 right at k = 10, rank" in page.summary.text()
    assert [plot.chart.name for plot in page.charts if plot.chart] == [
        "accuracy", "reliability", "calibration", "sweep-distance", "sweep-softmax", "sweep-rank",
    ]  # fmt: skip
    theme.notifier.changed.emit()


@pytest.fixture
def levels(empty_desk: Desk, tmp_path: Path) -> EvaluatePage:
    """Over a memory whose labels have two parts, and that decides at the first."""
    vectors, of = clustered(400, dim=8, classes=6, seed=1, spread=0.8)
    with VisualMemory.create(tmp_path / "levels.vmem", dim=8) as memory:
        memory.add_vectors(vectors, [f"kind {int(label[-1]) % 2}/{label}" for label in of])
        memory.set("level", 1)
    empty_desk.open(tmp_path / "levels.vmem")
    empty_desk.press("actionStudy")
    empty_desk.window.study.tabs.setCurrentWidget(empty_desk.window.study.evaluate)
    run(empty_desk)
    return empty_desk.window.study.evaluate


def test_figures_begin_at_the_level_that_the_memory_decides_at_and_say_so(
    empty_desk: Desk, levels: EvaluatePage
) -> None:
    found = levels.model.evaluation
    assert found is not None
    assert levels.level.currentText() == "level 1" and levels.level.isVisible()
    said = f"{percent(found.at(1).accuracy)} of 400 right at level 1, {percent(found.at(0).accuracy)} at the full label"
    assert levels.summary.text().startswith(said)
    assert levels.charts[0].chart.title.endswith("at level 1")
    assert levels.charts[1].chart.title.endswith("at the full label")
    assert {cell.true for cell in levels.model.cells()} == {"kind 0", "kind 1"}
    levels.confusion.grid.choose(levels.model.cells()[0])
    assert not levels.confusion.blame.ask_button.isEnabled()


def test_another_level_is_shown_and_stays_for_the_next_evaluation(empty_desk: Desk, levels: EvaluatePage) -> None:
    levels.level.setCurrentIndex(levels.level.findData(0))
    levels.level.activated.emit(levels.level.currentIndex())
    assert "at the full label, " in levels.summary.text() and levels.classes.table.rowCount() == 6
    run(empty_desk)
    assert levels.level.currentText() == "full label" and levels.model.level == 0


def test_classes_are_listed_hardest_first_and_open_their_confusions(empty_desk: Desk, levels: EvaluatePage) -> None:
    levels.model.choose_level(0)
    rows, table = levels.model.classes(), levels.classes.table
    assert [row.accuracy for row in rows] == sorted(row.accuracy for row in rows)
    assert [table.item(0, column).text() for column in range(3)] == [
        rows[0].label, f"{rows[0].queries:,}", percent(rows[0].accuracy),
    ]  # fmt: skip
    assert not levels.classes.button.isEnabled()
    table.selectRow(0)
    levels.classes.button.click()
    assert levels.tabs.currentWidget() is levels.confusion
    assert levels.confusion.chosen() == rows[0].mistake
    assert rows[0].mistake is not None and rows[0].mistake.true == rows[0].label


def test_labels_of_one_part_have_no_level_to_choose(empty_desk: Desk, page: EvaluatePage) -> None:
    run(empty_desk)
    assert not page.level.isVisible()
    assert "level" not in page.summary.text() and "label" not in page.charts[0].chart.title


def test_a_cell_opens_its_images_and_one_of_them_with_its_neighbours(empty_desk: Desk, page: EvaluatePage) -> None:
    run(empty_desk)
    worst = page.model.cells()[0]
    mistakes = empty_desk.window.findChild(QListWidget, "mistakesList")
    assert mistakes is not None
    mistakes.setCurrentRow(0)
    assert page.confusion.chosen() == worst
    ids = page.model.ids_of(worst)
    assert ids is not None
    assert len(ids) == worst.queries
    asked: list[object] = []
    page.exemplars_chosen.connect(lambda what, chosen: asked.append((what, chosen.tolist())))
    page.query_chosen.connect(asked.append)
    page.confusion.show_button.click()
    page.confusion.decide_button.click()
    empty_desk.settle()
    assert asked == [(worst.words, ids.tolist()), int(ids[0])]
    assert empty_desk.window.workspace == "decide"


def test_the_grid_is_worked_by_mouse_and_keys(empty_desk: Desk, page: EvaluatePage, qtbot: QtBot) -> None:
    run(empty_desk)
    page.tabs.setCurrentWidget(page.confusion)
    empty_desk.settle()
    grid = page.confusion.grid
    cell = page.model.cells()[0]
    place = grid.centre_of(cell)
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=QPoint(int(place.x()), int(place.y())))
    assert grid.chosen() == cell
    qtbot.keyClick(grid, Qt.Key.Key_Left)
    moved = grid.chosen()
    assert moved is not None
    assert moved.true == cell.true
    with qtbot.waitSignal(grid.activated):
        qtbot.keyClick(grid, Qt.Key.Key_Return)


def test_an_empty_cell_has_no_images_to_show(qtbot: QtBot) -> None:
    tasks = Tasks()
    panel = ConfusionPanel(BlameBox(BlameModel(tasks), Thumbnails(tasks)))
    qtbot.addWidget(panel)
    panel.set_confusion({"a": {"a": 3}, "b": {"a": 1, "": 2}}, [ConfusionCell("b", "", 2), ConfusionCell("b", "a", 1)])
    assert [panel.mistakes.item(row).text() for row in range(2)] == ["2   b  →  no answer", "1   b  →  a"]
    panel.mistakes.setCurrentRow(1)
    assert panel.chosen() == ConfusionCell("b", "a", 1)
    assert panel.show_button.text() == "Show 1 image"
    panel.grid.choose(ConfusionCell("a", "b", 0))
    assert not panel.show_button.isEnabled()
    assert not panel.decide_button.isEnabled()
    tasks.shutdown()


def test_those_to_blame_are_named_with_an_honest_promise_and_mended_in_one_step(
    empty_desk: Desk, page: EvaluatePage
) -> None:
    run(empty_desk)
    mistakes = empty_desk.window.findChild(QListWidget, "mistakesList")
    assert mistakes is not None
    mistakes.setCurrentRow(0)
    box = page.confusion.blame
    assert not box.rows.isVisibleTo(box)
    box.ask_button.click()
    empty_desk.settle()
    found = page.blame.found
    assert found is not None
    assert box.rows.count() == len(found.blamed) > 0
    assert "Of 500 decisions it fixes" in box.words.text()
    assert "of the vote from" in box.rows.item(0).toolTip()
    asked: list[object] = []
    page.query_chosen.connect(asked.append)
    box.rows.itemActivated.emit(box.rows.item(0))
    assert asked == [found.blamed[0].id]
    empty_desk.settle()
    box.mend_button.click()
    empty_desk.settle()
    assert "Mended" in empty_desk.notes[-1]
    assert page.blame.found is None
    states = {e.id: e.state for e in empty_desk.memory.catalog.get(list(found.ids("strike")))}
    assert set(states.values()) <= {"struck"}
    empty_desk.press("actionUndo")
    assert empty_desk.memory.summary().active == 500


def test_another_cell_or_an_edit_takes_the_blame_away(empty_desk: Desk, page: EvaluatePage) -> None:
    run(empty_desk)
    first, second = page.model.cells()[:2]
    page.confusion.grid.choose(first)
    page.look_for_blame()
    empty_desk.settle()
    assert page.blame.cell == first
    page.confusion.grid.choose(second)
    assert page.blame.found is None
    page.look_for_blame()
    empty_desk.settle()
    exemplars.strike(empty_desk.window.session, [1], here=True)
    empty_desk.settle()
    assert page.blame.found is None
    right = ConfusionCell(first.true, first.true, 1)
    page.confusion.grid.choose(right)
    assert not page.confusion.blame.ask_button.isEnabled()


def test_runs_are_kept_and_compared_only_on_the_same_queries(empty_desk: Desk, page: EvaluatePage) -> None:
    run(empty_desk)
    first = page.model.evaluation
    assert first is not None
    wrong = first.outcomes.ids[~first.outcomes.right][:20].tolist()
    exemplars.strike(empty_desk.window.session, wrong, here=True)
    empty_desk.settle()
    assert page.summary.text().endswith("1 edit since.")
    run(empty_desk)
    rows = empty_desk.window.findChild(QTableWidget, "runsTable")
    assert rows is not None
    last = rows.columnCount() - 1
    assert [rows.item(row, last).text() for row in range(2)] == ["this one", "other queries: cannot be compared"]
    page.queries.setCurrentIndex(page.queries.count() - 1)
    run(empty_desk)
    assert page.model.evaluation.query_set == first.query_set
    assert "points" in rows.item(2, last).text()
    assert "Compared with the run before: " in page.summary.text()
    assert len(kept(empty_desk.memory)) == 3


def test_long_words_leave_the_window_narrow(empty_desk: Desk, page: EvaluatePage) -> None:
    run(empty_desk)
    page.summary.setText(page.summary.text() * 5)
    empty_desk.settle()
    assert page.minimumSizeHint().width() <= 900


def test_forgetting_takes_the_figures_away(empty_desk: Desk, page: EvaluatePage) -> None:
    run(empty_desk)
    empty_desk.memory.forget([3])
    empty_desk.settle()
    assert page.model.evaluation is None
    assert not any(plot.chart for plot in page.charts)
    assert page.model.runs == ()
    assert page.summary.text() == ""


def test_an_evaluation_can_be_stopped_and_leaves_nothing(
    empty_desk: Desk, page: EvaluatePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, go_on = threading.Event(), threading.Event()

    def slowly(memory: VisualMemory, *, asked: object, report: object) -> object:
        under_way.set()
        go_on.wait(20)
        return evaluate(memory, report=report)  # type: ignore[arg-type]

    monkeypatch.setattr("visualmemory_gui.engine.evaluation.evaluate.evaluate", slowly)
    page.on_run()
    assert under_way.wait(20)
    assert not page.run_button.isEnabled()
    empty_desk.window.session.tasks.running[-1].cancel()
    go_on.set()
    empty_desk.settle()
    assert page.run_button.isEnabled()
    assert page.model.evaluation is None
    assert kept(empty_desk.memory) == []
    assert empty_desk.errors == []


def test_a_memory_without_active_exemplars_says_so(desk: Desk) -> None:
    desk.memory.strike(desk.memory.snapshot.ids.tolist())
    desk.settle()
    desk.press("actionStudy")
    run(desk)
    assert "Nothing to evaluate" in str(desk.errors[-1])


@pytest.mark.qt_log_ignore("could not open output device", "QPainter::begin")
def test_charts_are_saved_as_drawings_and_as_a_table(empty_desk: Desk, page: EvaluatePage, tmp_path: Path) -> None:
    assert not page.actions_by_id["export"].isEnabled()
    run(empty_desk)
    empty_desk.ask.path = str(tmp_path / "charts")
    (tmp_path / "charts").mkdir()
    page.actions_by_id["export"].trigger()
    empty_desk.settle()
    drawings = sorted(path.name for path in (tmp_path / "charts").glob("*.svg"))
    assert len(drawings) == 6
    for name in drawings:
        drawing = QSvgRenderer(str(tmp_path / "charts" / name))
        assert drawing.isValid()
        assert drawing.defaultSize().width() > 50
    with (tmp_path / "charts" / "evaluate.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["chart", "series", "x", "y"]
    of_rank = [(float(x), float(y)) for chart, series, x, y in rows[1:] if (chart, series) == ("accuracy", "rank")]
    found = page.model.evaluation.accuracy["rank"]
    assert np.allclose(of_rank, [(k, 100 * x) for k, x in found.items()], atol=1e-3)
    empty_desk.ask.path = str(tmp_path / "not there")
    page.actions_by_id["export"].trigger()
    assert empty_desk.errors


def test_charts_say_in_words_what_is_to_be_seen(taught: Path) -> None:
    with VisualMemory.open(taught) as memory:
        found = evaluate(memory)
    assert " is right most often: " in accuracy(found).answer
    assert reliability(found).answer.startswith("The nearest is of the right class in ")
    assert reliability(found).lines[1].name.endswith(" %") and " ln k " in reliability(found).lines[1].name
    assert "on queries new to it" in calibration(found).answer
    assert [line.style for line in calibration(found).lines] == ["dashes", "steps", "points"]
    assert len(sweeps(found)) == 3
    assert table(charts(found)).count("\n") > 100


def test_a_few_exemplars_are_no_calibration(desk: Desk) -> None:
    found = evaluate(desk.memory)
    assert "under 200 queries" in calibration(found).answer
    assert [line.style for line in calibration(found).lines] == ["dashes", "points"]
