"""A chart: lines, points and steps in the window's colours. pyqtgraph is imported when the first one is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.charts import Chart, Line

SYMBOLS = ("o", "s", "t", "d", "+", "x")  # colour is never the only sign


class ChartView(QWidget):
    """Shows one ``Chart`` at a time; its sentence stands below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chart: Chart | None = None
        self._view: Any = None
        self._title, self._words = QLabel(), QLabel()
        self._title.setProperty("title", True)
        self._words.setProperty("dim", True)
        self._words.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.px(2))
        self._column.addWidget(self._title)
        self._column.addWidget(self._words)
        theme.notifier.changed.connect(self._draw)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(110), theme.px(100))

    def set_chart(self, chart: Chart) -> None:
        self.chart = chart
        self._title.setText(chart.title)
        self._words.setText(chart.words)
        self.setAccessibleName(chart.title)
        self.setAccessibleDescription(chart.words)
        if self._view is None:
            self._make()
        self._draw()

    def save_svg(self, path: str | Path) -> None:
        """Write what is shown as a drawing of lines and text. Raises OSError."""
        if self._view is None or self.chart is None:
            return
        generator = QSvgGenerator()
        generator.setFileName(str(path))
        size = self._view.size()
        generator.setSize(size)
        generator.setResolution(self._view.logicalDpiX())  # else axes and lines are scaled apart
        generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
        generator.setTitle(self.chart.title)
        painter = QPainter()
        if not painter.begin(generator):
            raise OSError(f"{path} cannot be written")
        room = QRectF(0, 0, size.width(), size.height())
        painter.fillRect(room, QColor(theme.current().surface))
        items = [item for item in self._view.scene().items() if hasattr(item, "setExportMode")]
        for item in items:  # symbols as shapes in place of pixels
            item.setExportMode(True, {"antialias": True, "resolutionScale": 1.0, "painter": painter})
        self._view.render(painter, room)
        for item in items:
            item.setExportMode(False)
        painter.end()

    def _make(self) -> None:
        import pyqtgraph  # late: takes 0.3 s

        self._view = pyqtgraph.PlotWidget()
        item = self._view.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        self._view.setMouseEnabled(False, False)
        self._view.setAntialiasing(True)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.setMinimumHeight(theme.px(80))
        self._column.insertWidget(1, self._view, 1)

    def _draw(self) -> None:
        if self._view is None or self.chart is None:
            return
        c, item, chart = theme.current(), self._view.getPlotItem(), self.chart
        self._view.setBackground(QColor(c.surface))
        item.clear()
        if item.legend is not None:
            item.legend.scene().removeItem(item.legend)
            item.legend = None
        small = QFont(self.font())
        small.setPointSizeF(max(self.font().pointSizeF() - 1.5, 6.0))
        for name, words in (("bottom", chart.x), ("left", chart.y)):
            axis = item.getAxis(name)
            axis.setPen(QColor(c.border))
            axis.setTextPen(QColor(c.dim))
            axis.setTickFont(small)
            axis.setLabel(words, color=c.dim, **{"font-size": f"{small.pointSizeF():.1f}pt"})
        item.showGrid(x=True, y=True, alpha=0.12)
        item.setLogMode(x=chart.log_x, y=False)
        legend = item.addLegend(offset=(-1, 1), labelTextColor=QColor(c.text), verSpacing=-6, brush=_clear(c.surface))
        legend.setLabelTextSize(f"{small.pointSizeF():.1f}pt")
        for line in chart.lines:
            if line.xs:
                item.plot(np.array(line.xs), np.array(line.ys), name=line.name, antialias=True, **_look(line))
        if chart.log_x:
            item.getAxis("bottom").setTicks([_log_ticks(chart)])
        corner = (1, 1) if chart.legend_right else (0, 1)
        legend.anchor(itemPos=corner, parentPos=corner, offset=(-8 if chart.legend_right else 8, -6))


def _look(line: Line) -> dict[str, Any]:
    """How a line is drawn, as pyqtgraph takes it."""
    import pyqtgraph

    c = theme.current()
    colour = QColor(c.grey_chip if line.colour is None else c.chips[line.colour % len(c.chips)])
    symbol = SYMBOLS[(line.colour or 0) % len(SYMBOLS)]
    if line.style == "points":
        return {"pen": None, "symbol": "o", "symbolSize": 6, "symbolBrush": colour, "symbolPen": None}
    if line.style == "dashes":
        return {"pen": pyqtgraph.mkPen(colour, width=1.5, style=Qt.PenStyle.DashLine)}
    if line.style == "steps":
        return {"pen": pyqtgraph.mkPen(colour, width=2), "stepMode": "right"}
    pen = pyqtgraph.mkPen(colour, width=2)
    return {"pen": pen, "symbol": symbol, "symbolSize": 6, "symbolBrush": colour, "symbolPen": None}


def _log_ticks(chart: Chart) -> list[tuple[float, str]]:
    """At the values themselves where they are few, else at 1, 2, 5, 10, 20, …"""
    values = sorted({x for line in chart.lines for x in line.xs if x > 0})
    if len(values) > 8:
        steps = [m * 10.0**e for e in range(-3, 7) for m in (1, 2, 5)]
        values = [step for step in steps if values[0] <= step <= values[-1]]
    return [(float(np.log10(value)), f"{value:g}") for value in values]


def _clear(surface: str) -> QColor:
    colour = QColor(surface)
    colour.setAlpha(190)
    return colour
