"""How a cell of the memory's grid looks: image, class, and whether it is struck out."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.exemplars import Cell
from visualmemory_gui.app.widgets.cards.card_painter import Look, paint_strike
from visualmemory_gui.app.widgets.cards.label_chip import shortened
from visualmemory_gui.engine.decision.short_labels import ShortLabels


@dataclass(frozen=True)
class CellSize:
    """The sizes of one cell in pixels; ``gap`` is at its right and below it."""

    side: int
    gap: int
    pad: int
    line: int
    font: QFont

    @classmethod
    def of(cls, font: QFont, side_pt: float) -> CellSize:
        small = theme.points(font, -0.5)
        return cls(theme.px(side_pt), theme.px(3), theme.px(3), QFontMetrics(small).height() + theme.px(2), small)

    @property
    def width(self) -> int:
        return self.side + 2 * self.pad + self.gap

    @property
    def height(self) -> int:
        return self.side + 2 * self.pad + self.line + self.gap


class CellPainter:
    """Paints cells from images of the size they are painted at, or smaller. ``names`` are the labels shown
    alongside those of the cells."""

    def __init__(self, size: CellSize, names: ShortLabels) -> None:
        self.size, self.names = size, names
        self._metrics = QFontMetrics(size.font)
        self._labels: dict[str, str] = {}

    def paint(self, painter: QPainter, left: int, top: int, *, cell: Cell, image: QPixmap | None, look: Look) -> None:
        """Paint one cell. ``image`` None: not loaded yet; a null pixmap: this exemplar has none."""
        size = self.size
        frame = QRectF(left + 0.5, top + 0.5, size.width - size.gap - 1, size.height - size.gap - 1)
        self._paint_ground(painter, frame, look)
        box = QRectF(left + size.pad, top + size.pad, size.side, size.side)
        self._paint_image(painter, box, cell, image)
        text = QRectF(box.x(), box.bottom() + 1, box.width(), size.line)
        self._paint_text(painter, text, cell)
        if look.focused:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.current().text), 1.0, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(frame.adjusted(2, 2, -2, -2), 3, 3)

    def _paint_ground(self, painter: QPainter, frame: QRectF, look: Look) -> None:
        c = theme.current()
        if look.selected:
            painter.setPen(QPen(QColor(c.accent), 2.0))
            painter.setBrush(QColor(c.selected))
        elif look.hovered:
            painter.setPen(QPen(QColor(c.border), 1.0))
            painter.setBrush(QColor(c.hover))
        else:
            return
        painter.drawRoundedRect(frame, theme.px(3), theme.px(3))

    def _paint_image(self, painter: QPainter, box: QRectF, cell: Cell, image: QPixmap | None) -> None:
        c = theme.current()
        if image is None or image.isNull():
            painter.fillRect(box, QColor(c.track))
            if image is not None:
                painter.setPen(QColor(c.dim))
                painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), f"{cell.id:,}")
        else:
            painter.setOpacity(0.3 if cell.struck else 1.0)
            place = _place(image, box, painter.device().devicePixelRatioF())
            painter.drawPixmap(place, image, QRectF(image.rect()))
            painter.setOpacity(1.0)
        if cell.struck:
            self._paint_struck(painter, box)
        if cell.missing:
            self._paint_missing(painter, box)
        likeness = cell.distance if cell.score is None else cell.score
        if likeness is not None:
            self._paint_likeness(painter, box, likeness)

    def _paint_likeness(self, painter: QPainter, box: QRectF, likeness: float) -> None:
        """Paint at the bottom right how well the words fit, or how far it is from the image."""
        c = theme.current()
        text = f"{likeness:.2f}"
        wide = self._metrics.horizontalAdvance(text) + theme.px(5)
        badge = QRectF(box.right() - wide, box.bottom() - self.size.line, wide, self.size.line)
        painter.fillRect(badge, QColor(c.surface))
        painter.setPen(QColor(c.text))
        painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), text)

    def _paint_missing(self, painter: QPainter, box: QRectF) -> None:
        """Paint a sign at the top right: only the thumbnail is left of the image."""
        c = theme.current()
        side = self.size.line
        badge = QRectF(box.right() - side, box.y(), side, side)
        painter.setPen(QPen(QColor(c.line), 1.0))
        painter.setBrush(QColor(c.surface))
        painter.drawRoundedRect(badge.adjusted(0.5, 0.5, -0.5, -0.5), theme.px(2), theme.px(2))
        theme.icon("image-broken-variant").paint(painter, badge.toRect().adjusted(1, 1, -1, -1))

    def _paint_struck(self, painter: QPainter, box: QRectF) -> None:
        """Paint a red line and the word."""
        c = theme.current()
        paint_strike(painter, box)
        wide = self._metrics.horizontalAdvance("struck out") + theme.px(5)
        badge = QRectF(box.x(), box.bottom() - self.size.line, wide, self.size.line)
        painter.fillRect(badge, QColor(c.surface))
        painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), "struck out")

    def _paint_text(self, painter: QPainter, room: QRectF, cell: Cell) -> None:
        c = theme.current()
        text = cell.label
        if text not in self._labels:
            if len(self._labels) > 5_000:
                self._labels.clear()
            self._labels[text] = shortened(self._metrics, text, int(room.width()), self.names)
        painter.setPen(QColor(c.dim if cell.struck else c.text))
        painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), self._labels[text])


def _place(image: QPixmap, box: QRectF, ratio: float) -> QRectF:
    """The rectangle of ``image`` in the middle of ``box``, on whole pixels of a screen of device pixel ``ratio``."""
    room = QSize(round(box.width() * ratio), round(box.height() * ratio))
    size = image.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
    wide, high = size.width() / ratio, size.height() / ratio
    return QRectF(round(box.center().x() - wide / 2), round(box.center().y() - high / 2), wide, high)
