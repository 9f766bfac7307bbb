"""Draws a ``Chart`` with pyqtgraph, which is slow to load: imported when the first one is drawn.

Colour is never the only sign: lines have symbols or dashes, bars are full or hatched, and each has its name next to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QFont
from PySide6.QtWidgets import QSizePolicy

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.chart import Chart, Line
from visualmemory_gui.engine.types import F64

SYMBOLS = ("o", "s", "t", "d", "+", "x")
SEE_THROUGH = 110  # of 255: for full bars that others may be behind
MARGIN = 0.06  # around a given range
BARS = ("bars", "hatched")
NEVER = ((0.0, 0.0),)
FEW = 8  # values that can each have a tick
ROOM = 0.13  # of an axis, for the text of a tick
APART = 5.0  # pixels between the names of lines, and between each and its sample


class LegendRow(pg.LegendItem):  # type: ignore[misc]
    """The names of the lines above the plot, as many beside each other as there is room for: within it they would lie
    over lines."""

    def __init__(self, chart: Chart, small: QFont) -> None:
        bars = any(line.style in BARS for line in chart.lines)  # their sample is as high as two
        super().__init__(horSpacing=APART, verSpacing=0 if bars else -6, frame=False,
                         labelTextColor=QColor(theme.current().text),
                         labelTextSize=f"{small.pointSizeF():.1f}pt")  # fmt: skip
        self.layout.setContentsMargins(0, 0, 0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def updateSize(self) -> None:
        """Leave the size to the layout; the base class would move this to a corner as well."""
        self.updateGeometry()

    def sizeHint(self, which: Qt.SizeHint, constraint: QSizeF) -> QSizeF:
        """As the names need it, but never wider than the plot."""
        size = self.layout.effectiveSizeHint(which, constraint)
        return QSizeF(0, size.height()) if which == Qt.SizeHint.MinimumSize else size

    def mouseDragEvent(self, ev: object) -> None:
        """Stay where the layout put it."""

    def fit(self, room: float) -> None:
        """Arrange the names for that width."""
        widths = [sample.width() + label.minimumWidth() + 2 * APART for sample, label in self.items]
        self.setColumnCount(most_columns(widths, room))


def most_columns(widths: Sequence[float], room: float) -> int:
    """In how many columns, at most, entries of ``widths`` fit into ``room``, row by row; one always does."""
    return max((n for n in range(1, len(widths) + 1) if sum(max(widths[at::n]) for at in range(n)) <= room), default=1)


def plot() -> pg.PlotWidget:
    """An empty plot that ignores the mouse."""
    view = pg.PlotWidget()
    view.setMenuEnabled(False)
    view.hideButtons()
    view.setMouseEnabled(False, False)
    view.setAntialiasing(True)
    view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    item = view.getPlotItem()
    item.layout.removeItem(item.titleLabel)  # its place is that of the legend
    item.getViewBox().sigResized.connect(lambda: _arrange(item))
    return view


def draw(view: pg.PlotWidget, chart: Chart, *, font: QFont) -> None:
    """Draw ``chart`` on a ``plot()`` in place of its content; ``font`` is that of its surroundings."""
    item = view.getPlotItem()
    small = QFont(font)
    small.setPointSizeF(max(font.pointSizeF() - 1.5, 6.0))
    view.setBackground(QColor(theme.current().surface))
    item.clear()
    item.setLogMode(x=chart.log_x, y=chart.log_y)
    _axes(item, chart, small)
    _give_legend(item, LegendRow(chart, small))
    for line in chart.lines:
        if line.xs:
            item.plot(*_points(line), name=line.name, antialias=True, **_look(line))
    _marks(item, chart)
    _ranges(item, chart)
    _arrange(item)


def _give_legend(item: pg.PlotItem, legend: LegendRow) -> None:
    """Put ``legend`` above the plot in place of the one there."""
    if item.legend is not None:
        item.layout.removeItem(item.legend)
        item.scene().removeItem(item.legend)
    item.legend = legend
    item.layout.addItem(legend, 0, 1, Qt.AlignmentFlag.AlignLeft)


def _arrange(item: pg.PlotItem) -> None:
    """Fit the names of lines and marks to the size of the plot."""
    box = item.getViewBox()
    if item.legend is not None:
        item.legend.fit(box.width())
    marks = [each.label for each in item.items if isinstance(each, pg.InfiniteLine)]
    for place, label in enumerate(marks):  # at different heights: thresholds may be close
        label.setPosition(1 - (place + 0.5) * label.boundingRect().height() / max(box.height(), 1.0))


def _axes(item: pg.PlotItem, chart: Chart, small: QFont) -> None:
    c = theme.current()
    for name, words in (("bottom", chart.x), ("left", chart.y)):
        axis = item.getAxis(name)
        axis.setPen(QColor(c.border))
        axis.setTextPen(QColor(c.dim))
        axis.setTickFont(small)
        axis.setLabel(words, color=c.dim, **{"font-size": f"{small.pointSizeF():.1f}pt"})
        axis.setSIPrefixEnableRanges(NEVER)  # after the label, which resets it; otherwise 0.5 reads "500 (x0.001)"
        axis.updateAutoSIPrefix()
    item.showGrid(x=True, y=True, alpha=0.12)
    xs = sorted({x for line in chart.lines for x in line.xs})
    ys = [y for line in chart.lines if line.style == "points" for y in line.ys]
    item.getAxis("bottom").setTicks([log_ticks(xs, few_own=True)] if chart.log_x else None)
    item.getAxis("left").setTicks([log_ticks(ys)] if chart.log_y else None)


def _points(line: Line) -> tuple[F64, F64]:
    """x and y in the form pyqtgraph needs: for n bars, their n + 1 ends."""
    xs, ys = np.array(line.xs), np.array(line.ys)
    if line.style in BARS:
        xs = np.append(xs, 2 * xs[-1] - xs[-2] if len(xs) > 1 else xs[-1] + 1)
    return xs, ys


def _look(line: Line) -> dict[str, object]:
    """How a line is drawn, as arguments of pyqtgraph."""
    c = theme.current()
    colour = QColor(c.grey_chip if line.colour is None else c.chips[line.colour % len(c.chips)])
    pen = pg.mkPen(colour, width=2)
    dots = {"symbol": "o", "symbolSize": 6, "symbolBrush": colour, "symbolPen": None}
    if line.style == "points":
        return {"pen": None, **dots}
    if line.style == "dashes":
        return {"pen": pg.mkPen(colour, width=1.5, style=Qt.PenStyle.DashLine)}
    if line.style == "steps":
        return {"pen": pen, "stepMode": "right"}
    if line.style in BARS:
        return {"pen": pen, "stepMode": "center", "fillLevel": 0, "brush": _fill(colour, line.style == "hatched")}
    if line.style == "curve":
        return {"pen": pen}
    return {"pen": pen, **dots, "symbol": SYMBOLS[(line.colour or 0) % len(SYMBOLS)]}


def _fill(colour: QColor, hatched: bool) -> QBrush:
    if hatched:
        return QBrush(colour, Qt.BrushStyle.BDiagPattern)
    ground = QColor(colour)
    ground.setAlpha(SEE_THROUGH)
    return QBrush(ground)


def _marks(item: pg.PlotItem, chart: Chart) -> None:
    """Draw the marks with their names."""
    c = theme.current()
    for place, mark in enumerate(chart.marks):
        style = Qt.PenStyle.SolidLine if place == 0 else Qt.PenStyle.DashLine
        look = {"color": c.text, "fill": QColor(c.surface)}
        pen = pg.mkPen(c.text, width=2 if place == 0 else 1, style=style)
        item.addItem(pg.InfiniteLine(pos=mark.x, angle=90, pen=pen, label=mark.name, labelOpts=look))


def _ranges(item: pg.PlotItem, chart: Chart) -> None:
    item.enableAutoRange()
    if chart.x_range is not None:
        item.setXRange(*chart.x_range, padding=MARGIN)
    if chart.y_range is not None:
        item.setYRange(*chart.y_range, padding=MARGIN)


def log_ticks(values: Sequence[float], *, few_own: bool = False) -> list[tuple[float, str]]:
    """(place, text) of ticks at round numbers over ``values``; with ``few_own``, few values are ticks themselves, as
    far as there is room."""
    values = sorted({value for value in values if value > 0})
    if few_own and len(values) <= FEW:
        values = _apart(values)
    elif values:
        low, high = values[0], values[-1]
        rounds: tuple[float, ...] = (1, 2, 5) if high > 10 * low else (1, 1.5, 2, 3, 4, 5, 6, 7, 8)
        powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        values = [n * 10.0**power for power in powers for n in rounds]
    return [(float(np.log10(value)), f"{value:,.10g}") for value in values]


def _apart(values: Sequence[float]) -> list[float]:
    """Those of ``values``, increasing, whose ticks have room beside each other: the first and the last are kept."""
    kept = list(values[:1])
    for value in values[1:]:
        if np.log10(value / kept[-1]) >= ROOM * np.log10(values[-1] / values[0]):
            kept.append(value)
        elif value == values[-1] and len(kept) > 1:
            kept[-1] = value
    return kept
