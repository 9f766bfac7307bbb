"""A plot of the neighbours' distances by rank: where they jump, the neighbourhood ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.engine.text.visible_text import first_few

SPOKEN = 10


@dataclass(frozen=True, slots=True)
class Dot:
    """One neighbour. ``wins``: of the winning class, drawn filled; the others are rings. ``missed``: the HNSW
    index would not find it; drawn crossed out."""

    rank: int
    label: str
    distance: float
    colour: QColor
    wins: bool
    missed: bool = False


class DistancesPlot(QWidget):
    """The plot: one dot per neighbour, x its rank, y its distance."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("distancesPlot")
        self.setAccessibleName("Distances by rank")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._dots: tuple[Dot, ...] = ()
        theme.notifier.changed.connect(self.update)

    @property
    def dots(self) -> tuple[Dot, ...]:
        return self._dots

    def set_dots(self, dots: Sequence[Dot]) -> None:
        """Show ``dots`` in the order of their ranks."""
        self._dots = tuple(dots)
        self.setAccessibleDescription(in_words(self._dots))
        self.setToolTip(self.accessibleDescription())
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(150), 5 * self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(90), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._dots:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot = self._paint_axes(painter)
        radius = min(theme.px(3), max(1.5, plot.width() / len(self._dots) / 2.5))
        for dot in self._dots:
            _paint_dot(painter, self._spot(plot, dot), radius, dot)

    def _paint_axes(self, painter: QPainter) -> QRectF:
        """Paint the extreme distances at the left and the first and last rank below; returns the area for the dots."""
        c, high = theme.current(), self.fontMetrics().height()
        wide = self.fontMetrics().horizontalAdvance("0.000") + theme.px(5)
        plot = QRectF(wide, high / 2, self.width() - wide - theme.px(3), self.height() - 2 * high)
        painter.setPen(QPen(QColor(c.line), 1.0))
        painter.drawLine(plot.bottomLeft() + QPointF(0, high / 3), plot.bottomRight() + QPointF(0, high / 3))
        painter.setPen(QColor(c.dim))
        low, top = self._range()
        for value, y in ((top, plot.top()), (low, plot.bottom())):
            at = QRectF(0, y - high / 2, wide - theme.px(5), high)
            painter.drawText(at, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), f"{value:.3f}")
            if top == low:
                break
        below = QRectF(plot.left(), self.height() - high, plot.width(), high)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft), f"rank {self._dots[0].rank}")
        if len(self._dots) > 1:
            painter.drawText(below, int(Qt.AlignmentFlag.AlignRight), str(self._dots[-1].rank))
        return plot

    def _range(self) -> tuple[float, float]:
        distances = [dot.distance for dot in self._dots]
        return min(distances), max(distances)

    def _spot(self, plot: QRectF, dot: Dot) -> QPointF:
        (low, top), margin = self._range(), theme.px(3)
        along = (dot.rank - 1) / max(1, len(self._dots) - 1)
        up = (dot.distance - low) / (top - low) if top > low else 1.0
        return QPointF(plot.left() + margin + along * (plot.width() - 2 * margin), plot.bottom() - up * plot.height())


def _paint_dot(painter: QPainter, spot: QPointF, radius: float, dot: Dot) -> None:
    painter.setPen(QPen(dot.colour, 1.6))
    painter.setBrush(dot.colour if dot.wins else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(spot, radius, radius)
    if dot.missed:
        painter.setPen(QPen(QColor(theme.current().text), 1.4))
        arm = 1.9 * radius
        painter.drawLine(spot + QPointF(-arm, -arm), spot + QPointF(arm, arm))
        painter.drawLine(spot + QPointF(-arm, arm), spot + QPointF(arm, -arm))


def in_words(dots: Sequence[Dot]) -> str:
    """ "1: tiger 0.100, 2: lynx 0.210", for the first ten."""
    return first_few([f"{dot.rank}: {dot.label} {dot.distance:.3f}" for dot in dots], SPOKEN)
