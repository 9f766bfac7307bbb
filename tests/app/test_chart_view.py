"""Charts: what is told of them, how they are drawn in turns, and their ticks."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QGraphicsView
from pytestqt.qtbot import QtBot

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.chart import Chart, Line, Mark, table
from visualmemory_gui.app.widgets.chart.chart_drawing import log_ticks, most_columns
from visualmemory_gui.app.widgets.chart.chart_view import ChartView, Turns
from visualmemory_gui.engine.errors import StorageError

XS = (1.0, 2.0, 3.0)
EVERY = Chart(
    "every",
    "Every kind of line",
    "x",
    "y",
    tuple(
        Line(style, XS, (1.0 + place, 2.0, 3.0), style, place)
        for place, style in enumerate(("line", "curve", "dashes", "points", "steps", "bars", "hatched"))
    ),
    answer="All of them",
    marks=(Mark("here", 2.0), Mark("there", 2.5)),
)


def colours(image: QImage) -> set[str]:
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> ChartView:
    theme.apply(qapp, "light")
    view = ChartView()
    qtbot.addWidget(view)
    view.resize(300, 220)
    view.show()
    return view


def show(view: ChartView, chart: Chart | None, bot: QtBot) -> None:
    view.set_chart(chart)
    bot.waitUntil(lambda: view.drawn)
    QApplication.processEvents()


def test_all_kinds_of_lines_are_drawn_in_the_colours_of_the_look(
    view: ChartView, qapp: QApplication, qtbot: QtBot
) -> None:
    show(view, EVERY, qtbot)
    assert view.accessibleName() == EVERY.title and view.accessibleDescription() == EVERY.answer
    assert {theme.LIGHT.chips[place] for place in (0, 1, 2)} <= colours(view.grab().toImage())
    theme.apply(qapp, "dark")
    [drawing] = view.findChildren(QGraphicsView)
    qtbot.waitUntil(lambda: drawing.backgroundBrush().color() == QColor(theme.DARK.surface))


@pytest.mark.parametrize("width", [150, 300, 900])
def test_no_name_lies_over_the_lines_or_over_another(view: ChartView, width: int, qtbot: QtBot) -> None:
    view.resize(width, 320)
    show(view, EVERY, qtbot)
    view.resize(width + 20, 320)  # and none does when there is more room, or less
    QApplication.processEvents()
    [drawing] = view.findChildren(QGraphicsView)
    item = drawing.getPlotItem()
    assert item.sceneBoundingRect().width() <= drawing.width()
    box = item.getViewBox().sceneBoundingRect()
    names = [label.sceneBoundingRect() for _, label in item.legend.items]
    marks = [each.label for each in item.items if hasattr(each, "label")]
    assert len(names) == len(EVERY.lines) and len(marks) == len(EVERY.marks)
    assert all(name.bottom() <= box.top() and name.right() <= drawing.width() for name in names)
    boxes = [label.mapRectToScene(label.boundingRect()) for label in marks]
    assert boxes[0].top() >= box.top() - 1 and boxes[1].top() >= boxes[0].bottom() - 1


def test_small_numbers_are_written_out_on_the_axes(view: ChartView, qtbot: QtBot) -> None:
    show(view, Chart("small", "Small", "distance", "y", (Line("a", (0.1, 0.5), (0.1, 0.6)),)), qtbot)
    [drawing] = view.findChildren(QGraphicsView)
    axis = drawing.getPlotItem().getAxis("bottom")
    assert "x0.001" not in axis.labelString() and axis.autoSIPrefixScale == 1.0


def test_nothing_is_left_of_a_chart_that_is_taken_away(view: ChartView, qtbot: QtBot) -> None:
    show(view, EVERY, qtbot)
    show(view, None, qtbot)
    assert view.accessibleName() == view.accessibleDescription() == ""
    assert not set(theme.LIGHT.chips) & colours(view.grab().toImage())


def test_many_charts_are_drawn_one_a_turn_so_that_the_window_is_heard_between(qtbot: QtBot) -> None:
    turns, drawn = Turns(), list[int]()

    class Heard(ChartView):
        def draw(self) -> None:
            drawn.append(between[0])
            super().draw()

    between = [0]
    clock = QTimer(interval=0)
    clock.timeout.connect(lambda: between.__setitem__(0, between[0] + 1))
    clock.start()
    views = [Heard(turns=turns) for _ in range(3)]
    for view in views:
        qtbot.addWidget(view)
        view.set_chart(EVERY)
        view.set_chart(Chart("later", "Later", "x", "y", ()))
    assert drawn == []
    qtbot.waitUntil(lambda: len(drawn) == 3 and all(view.drawn for view in views))
    assert len(set(drawn)) == 3


@pytest.mark.qt_log_ignore("could not open output device", "QPainter::begin")
def test_a_chart_that_was_not_drawn_yet_can_be_saved(view: ChartView, tmp_path: Path) -> None:
    view.set_chart(EVERY)
    view.save_svg(tmp_path / "chart.svg")
    assert QSvgRenderer(str(tmp_path / "chart.svg")).isValid()
    with pytest.raises(StorageError, match="cannot be written"):
        view.save_svg(tmp_path / "nowhere" / "chart.svg")


def test_a_table_holds_every_point() -> None:
    assert table([EVERY]).splitlines()[:2] == ["chart,series,x,y", "every,line,1,1"]
    assert len(table([EVERY]).splitlines()) == 1 + 3 * len(EVERY.lines)


@pytest.mark.parametrize(
    ("values", "own", "words"),
    [
        ([1, 5, 100], True, ["1", "5", "100"]),
        ([20, 40], False, ["10", "15", "20", "30", "40", "50", "60", "70", "80", "100"]),
        ([1.5, 600], False, ["1", "2", "5", "10", "20", "50", "100", "200", "500", "1,000"]),
        ([0.01, 0.02, 0.04, 0.07, 0.15, 0.3, 1], True, ["0.01", "0.02", "0.04", "0.15", "0.3", "1"]),
        ([1, 90, 100], True, ["1", "100"]),
        ([], False, []),
        ([0, -1], True, []),
    ],
)
def test_logarithmic_ticks_are_round_or_the_few_values_themselves(
    values: list[float], own: bool, words: list[str]
) -> None:
    ticks = [text for _, text in log_ticks(values, few_own=own)]
    assert [text for text in words if text not in ticks] == []
    assert len(ticks) == len(words) if own else len(ticks) >= len(words)


@pytest.mark.parametrize(
    ("widths", "room", "columns"),
    [([30, 30, 30], 90, 3), ([30, 30, 30], 89, 2), ([30, 80, 30], 20, 1), ([10, 90, 10, 10], 60, 1), ([], 60, 1)],
)
def test_names_stand_beside_each_other_as_far_as_there_is_room(widths: list[float], room: float, columns: int) -> None:
    assert most_columns(widths, room) == columns
