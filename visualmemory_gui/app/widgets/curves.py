"""Two curves over the steps of a descent, drawn by pyqtgraph. Imported when it is first shown."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from visualmemory_gui.app import theme

WIDTH = 2.0


class Curves(QWidget):
    """``names`` are those of the two curves, the second dashed; a line stands where ``mark`` says."""

    def __init__(self, title: str, names: tuple[str, str], *, percent: bool = False) -> None:
        super().__init__()
        self._title, self._names = title, names
        self._scale = 100.0 if percent else 1.0
        self._values: tuple[Sequence[float], Sequence[float]] = ((), ())
        self._head = QLabel()
        self._head.setTextFormat(Qt.TextFormat.RichText)
        self._plot = pyqtgraph.PlotWidget()
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._lines = tuple(self._plot.plot() for _ in names)
        self._mark = pyqtgraph.InfiniteLine(angle=90, movable=False)
        self._mark.hide()
        self._plot.addItem(self._mark)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._head)
        column.addWidget(self._plot, 1)
        theme.notifier.changed.connect(self.on_theme_changed)
        self.on_theme_changed()

    def set_values(self, first: Sequence[float], second: Sequence[float]) -> None:
        """What each curve is after 0, 1, 2, … steps."""
        self._values = (first, second)
        for line, values in zip(self._lines, self._values, strict=True):
            line.setData([self._scale * value for value in values])
        self._say()

    def mark(self, step: int | None) -> None:
        """Stand a line at ``step``; None: nowhere."""
        self._mark.setVisible(step is not None)
        if step is not None:
            self._mark.setValue(step)

    def on_theme_changed(self) -> None:
        c = theme.current()
        self._plot.setBackground(c.surface)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(pyqtgraph.mkPen(c.border))
            axis.setTextPen(pyqtgraph.mkPen(c.dim))
        styles = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine)
        for line, colour, style in zip(self._lines, c.chips, styles, strict=False):
            line.setPen(pyqtgraph.mkPen(QColor(colour), width=WIDTH, style=style))
        self._mark.setPen(pyqtgraph.mkPen(QColor(c.dim), width=1, style=Qt.PenStyle.DotLine))
        self._say()

    def _say(self) -> None:
        """The heading is the legend: each curve's sign, name and last value."""
        signs = ("━━", "╍╍")
        colours = theme.current().chips
        unit = " %" if self._scale != 1.0 else ""
        parts, spoken = [], []
        for sign, colour, curve, values in zip(signs, colours, self._names, self._values, strict=False):
            last = f" {self._scale * values[-1]:.{1 if unit else 3}f}{unit}" if values else ""
            parts.append(f'<span style="color:{colour}">{sign}</span> {curve}{last}')
            spoken.append(f"{curve}{last}")
        self._head.setText(f"<b>{self._title}</b>&nbsp;&nbsp; {'&nbsp;&nbsp; '.join(parts)}")
        self.setAccessibleName(f"{self._title}: {', '.join(spoken)}")
