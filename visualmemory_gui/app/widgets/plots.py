"""Plots of what an experiment found. Imported when the first one is shown: pyqtgraph takes its time.

Colours alone tell nothing apart: bars are hatched or full, lines dashed or not, and all have their names beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app import theme

BARS = 40
MARGIN = 0.06
Line = tuple[str, float]
Curve = tuple[str, Callable[[np.ndarray], np.ndarray]]


class Plot(pg.PlotWidget):  # type: ignore[misc]
    """Axes with names and a legend, in the colours of the look; ``draw`` paints what is there anew."""

    def __init__(self, name: str, *, bottom: str, left: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._names = {"bottom": bottom, "left": left}
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setMinimumHeight(theme.px(140))
        self.legend = self.addLegend(offset=(-10, 10))
        theme.notifier.changed.connect(self.recolour)

    def recolour(self) -> None:
        colours = theme.current()
        self.setBackground(colours.surface)
        for side, words in self._names.items():
            axis = self.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setPen(colours.line)
            axis.setTextPen(colours.text)
            axis.setLabel(words, color=colours.text)
        self.clear()
        self.legend.clear()
        self.legend.setLabelTextColor(colours.text)
        self.legend.setBrush(QColor(colours.surface))
        self.draw()

    def draw(self) -> None:
        raise NotImplementedError


class HistogramPlot(Plot):
    """How far known and unknown pictures are, with thresholds as lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "noveltyPlot", bottom="mean distance to the nearest exemplars", left="% of them", parent=parent
        )
        self._groups: Sequence[tuple[str, Sequence[float]]] = ()
        self._lines: Sequence[Line] = ()
        self.recolour()

    def show_groups(self, groups: Sequence[tuple[str, Sequence[float]]], lines: Sequence[Line]) -> None:
        """``groups`` are at most two: a name and its distances; ``lines`` a name and its distance."""
        self._groups, self._lines = groups, lines
        self.recolour()

    def draw(self) -> None:
        every = np.concatenate([np.asarray(values, np.float64) for _, values in self._groups] or [np.empty(0)])
        if not len(every):
            return
        edges = np.histogram_bin_edges(every, BARS)
        styles = (Qt.BrushStyle.SolidPattern, Qt.BrushStyle.BDiagPattern)
        highest = 0.0
        for (name, values), chip, style in zip(self._groups, theme.current().chips, styles, strict=False):
            share = 100 * np.histogram(values, edges)[0] / max(len(values), 1)
            highest = max(highest, float(share.max()))
            ground = QColor(chip)
            ground.setAlpha(110 if style is Qt.BrushStyle.SolidPattern else 255)
            bars = pg.PlotDataItem(
                edges, share, stepMode="center", fillLevel=0, brush=QBrush(ground, style), pen=pg.mkPen(chip, width=2)
            )
            self.addItem(bars)
            self.legend.addItem(bars, name)
        self._draw_lines()
        low, high = min([edges[0], *(x for _, x in self._lines)]), max([edges[-1], *(x for _, x in self._lines)])
        self.setRange(xRange=(low, high), yRange=(0, 1.25 * highest), padding=MARGIN)

    def _draw_lines(self) -> None:
        """The names stand at different heights: thresholds lie close."""
        colours = theme.current()
        for place, (name, at) in enumerate(self._lines):
            style = Qt.PenStyle.SolidLine if place == 0 else Qt.PenStyle.DashLine
            look = {"position": 0.95 - 0.08 * place, "color": colours.text, "fill": QColor(colours.surface)}
            pen = pg.mkPen(colours.text, width=2 if place == 0 else 1, style=style)
            self.addItem(pg.InfiniteLine(pos=at, angle=90, pen=pen, label=name, labelOpts=look))


class ScalingPlot(Plot):
    """Error over size, both on logarithmic axes, with curves through the points."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("growthPlot", bottom="exemplars", left="error, %", parent=parent)
        self.setLogMode(x=True, y=True)
        self._sizes: Any = np.empty(0)
        self._errors: Any = np.empty(0)
        self._curves: Sequence[Curve] = ()
        self.recolour()

    def show_points(self, sizes: Sequence[int], errors: Sequence[float], curves: Sequence[Curve]) -> None:
        """``errors`` in percent; a curve is its name and what gives percents for sizes. Errors of 0 are left out."""
        self._sizes, self._errors = np.asarray(sizes, np.float64), np.asarray(errors, np.float64)
        self._curves = curves
        self.recolour()

    def draw(self) -> None:
        seen = self._errors > 0
        if not seen.any():
            return
        colours = theme.current()
        fine = np.geomspace(self._sizes.min(), self._sizes.max(), 100)
        for (name, curve), chip, style in zip(
            self._curves, colours.chips, (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine), strict=False
        ):
            self.plot(fine, curve(fine), pen=pg.mkPen(chip, width=2, style=style), name=name)
        dots: dict[str, object] = {"symbol": "o", "symbolSize": theme.px(6), "symbolBrush": colours.text}
        self.plot(self._sizes[seen], self._errors[seen], pen=None, symbolPen=colours.surface, name="measured", **dots)
        self.setRange(
            xRange=np.log10([self._sizes.min(), self._sizes.max()]),
            yRange=np.log10([self._errors[seen].min(), self._errors.max()]),
            padding=2 * MARGIN,
        )
        self._tick(self.getAxis("left"), self._errors[seen])
        self._tick(self.getAxis("bottom"), self._sizes)

    @staticmethod
    def _tick(axis: Any, values: np.ndarray) -> None:
        """Ticks at round numbers, written out; more of them where there is less than a power of ten."""
        low, high = np.floor(np.log10(values.min())), np.ceil(np.log10(values.max()))
        steps = (1, 2, 5) if values.max() > 10 * values.min() else (1, 1.5, 2, 3, 4, 5, 6, 7, 8)
        wanted = [n * 10.0**p for p in np.arange(low, high + 1) for n in steps]
        axis.setTicks([[(float(np.log10(x)), f"{x:,.10g}") for x in wanted], []])
