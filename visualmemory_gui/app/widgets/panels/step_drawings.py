"""Three small drawings that show what the program does: drop an image, see why, correct it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from visualmemory_gui.app import theme

WIDE, HIGH = 150.0, 76.0  # points; the drawings are made in these units
FISH, BIRD = 0, 1  # the colours of the two classes


class StepDrawing(QWidget):
    """One drawing, painted in the colours of the theme. ``says`` is its line, and what a screen reader says."""

    def __init__(self, paint: Callable[[QPainter], object], says: str) -> None:
        super().__init__()
        self._paint = paint
        self.setAccessibleName(says)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.notifier.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(WIDE), theme.px(HIGH))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(self.width() / WIDE, self.height() / HIGH)
        _sheet(painter, QRectF(0.5, 0.5, WIDE - 1, HIGH - 1), theme.current().border)
        self._paint(painter)


class StepDrawings(QWidget):
    """The three drawings side by side, each over its line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(18))
        row.addStretch(1)
        for number, (paint, says) in enumerate(STEPS, start=1):
            row.addLayout(_step(StepDrawing(paint, says), f"{number}. {says}"))
        row.addStretch(1)


def _step(drawing: StepDrawing, line: str) -> QVBoxLayout:
    words = QLabel(line)
    words.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
    words.setWordWrap(True)
    words.setFixedWidth(theme.px(WIDE))
    column = QVBoxLayout()
    column.setSpacing(theme.px(4))
    column.addWidget(drawing)
    column.addWidget(words)
    return column


def _drop(painter: QPainter) -> None:
    """An image on its way into a drop zone, the mouse on it."""
    c = theme.current()
    painter.setPen(QPen(QColor(c.line), 1.2, Qt.PenStyle.DashLine))
    painter.setBrush(QColor(c.hover))
    painter.drawRoundedRect(QRectF(62, 12, 74, 52), 4, 4)
    painter.setPen(QPen(QColor(c.dim), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawPolyline([QPointF(99, 30), QPointF(99, 46)])
    painter.drawPolyline([QPointF(92, 40), QPointF(99, 47), QPointF(106, 40)])
    _image(painter, QRectF(18, 18, 36, 36), _fish, c.accent)
    _pointer(painter, QPointF(44, 44))


def _why(painter: QPainter) -> None:
    """A query, its nearest images, and the shares of two classes."""
    c = theme.current()
    _image(painter, QRectF(10, 21, 34, 34), _fish, c.accent)
    for n, (draw, kind) in enumerate(((_fish, FISH), (_fish, FISH), (_bird, BIRD))):
        place = QRectF(56, 8 + 21 * n, 18, 18)
        painter.setPen(QPen(QColor(c.line), 1))
        painter.drawLine(QPointF(44, 38), QPointF(56, place.center().y()))
        _image(painter, place, draw, c.chips[kind])
    for top, wide, kind in ((20, 58, FISH), (42, 24, BIRD)):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.track))
        painter.drawRoundedRect(QRectF(82, top, 60, 10), 3, 3)
        painter.setBrush(QColor(c.chips[kind]))
        painter.drawRoundedRect(QRectF(82, top, wide, 10), 3, 3)


def _correct(painter: QPainter) -> None:
    """One neighbour struck out, and an image taught as a class."""
    c = theme.current()
    _image(painter, QRectF(14, 16, 44, 44), _bird, c.grey_chip)
    painter.setPen(QPen(QColor(c.danger), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawLine(QPointF(12, 62), QPointF(60, 14))
    _image(painter, QRectF(80, 16, 44, 44), _fish, c.chips[FISH])
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(c.good))
    painter.drawEllipse(QPointF(124, 58), 10, 10)
    painter.setPen(QPen(QColor(c.surface), 2.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawPolyline([QPointF(119, 58), QPointF(123, 62), QPointF(129, 54)])


STEPS = ((_drop, "Drop an image"), (_why, "See which images decide"), (_correct, "Strike out or teach"))


def _sheet(painter: QPainter, room: QRectF, frame: str) -> None:
    painter.setPen(QPen(QColor(frame), 1))
    painter.setBrush(QColor(theme.current().surface))
    painter.drawRoundedRect(room, 4, 4)


def _image(painter: QPainter, room: QRectF, draw: Callable[[QPainter], object], colour: str) -> None:
    """An image of a thing: a frame, and the thing in ``colour``, drawn in a square of 100 units."""
    painter.save()
    _sheet(painter, room, theme.current().line)
    painter.translate(room.topLeft())
    painter.scale(room.width() / 100, room.height() / 100)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    draw(painter)
    painter.restore()


def _fish(painter: QPainter) -> None:
    body = QPainterPath(QPointF(14, 50))
    body.cubicTo(QPointF(28, 20), QPointF(56, 24), QPointF(70, 50))
    body.cubicTo(QPointF(56, 76), QPointF(28, 80), QPointF(14, 50))
    tail = QPainterPath()
    tail.addPolygon(QPolygonF([QPointF(64, 50), QPointF(88, 30), QPointF(82, 50), QPointF(88, 70), QPointF(64, 50)]))
    painter.drawPath(body.united(tail))
    painter.setBrush(QColor(theme.current().surface))
    painter.drawEllipse(QPointF(30, 44), 5, 5)


def _bird(painter: QPainter) -> None:
    painter.drawEllipse(QPointF(34, 36), 16, 15)
    body = QPainterPath(QPointF(24, 46))
    body.cubicTo(QPointF(28, 84), QPointF(60, 86), QPointF(90, 52))
    body.cubicTo(QPointF(66, 50), QPointF(52, 44), QPointF(46, 32))
    painter.drawPath(body)
    painter.drawPolygon(QPolygonF([QPointF(20, 30), QPointF(20, 42), QPointF(6, 38)]))
    painter.setBrush(QColor(theme.current().surface))
    painter.drawEllipse(QPointF(32, 33), 4, 4)


def _pointer(painter: QPainter, tip: QPointF) -> None:
    c = theme.current()
    shape = [(0, 0), (0, 17), (4, 13), (7, 19), (10, 17.5), (7, 12), (12, 12)]
    painter.setPen(QPen(QColor(c.surface), 1))
    painter.setBrush(QColor(c.text))
    painter.drawPolygon(QPolygonF([tip + QPointF(x, y) for x, y in shape]))
