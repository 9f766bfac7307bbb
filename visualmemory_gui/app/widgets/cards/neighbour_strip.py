"""The neighbours that a decision rests on, as small images: each with its class and its part of the vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.card_roles import ALONE
from visualmemory_gui.app.widgets.cards.label_chip import paint_chip
from visualmemory_gui.app.widgets.cards.pixmap_cache import fitted, paint_centred
from visualmemory_gui.engine.decision.short_labels import ShortLabels

SIDE_PT = 62.0
GAP_PT = 4.0
COLUMNS = 3


@dataclass(frozen=True, slots=True)
class StripCell:
    """One neighbour: ``text`` is its part of the vote, ``words`` all of it for a tooltip and a screen reader."""

    label: str
    colour: QColor
    text: str
    words: str
    image: QImage | None


class NeighbourStrip(QWidget):
    """Neighbours in rows of ``COLUMNS``, the strongest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cullNeighbours")
        self.setAccessibleName("The strongest neighbours")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._cells: tuple[StripCell, ...] = ()
        self._rows = 2
        self._names = ALONE
        theme.notifier.changed.connect(self.update)

    def set_cells(self, cells: Sequence[StripCell], names: ShortLabels = ALONE) -> None:
        """Show ``cells``; ``names`` are the labels shown alongside them."""
        self._cells, self._names = tuple(cells), names
        self.setAccessibleDescription("; ".join(cell.words for cell in self._cells))
        self.update()

    def set_rows(self, rows: int) -> None:
        """Show at most so many rows."""
        if rows != self._rows:
            self._rows = rows
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(COLUMNS * (theme.px(SIDE_PT) + theme.px(GAP_PT)), self._rows * self._high)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            found = [cell for n, cell in enumerate(self._cells) if self._room(n).contains(event.pos())]
            QToolTip.showText(event.globalPos(), found[0].words if found else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for n, cell in enumerate(self._cells[: COLUMNS * self._rows]):
            self._paint(painter, self._room(n), cell)

    def _paint(self, painter: QPainter, room: QRect, cell: StripCell) -> None:
        side, line = theme.px(SIDE_PT), self._line
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().hover))
        painter.drawRoundedRect(QRectF(room.x(), room.y(), room.width(), side), theme.px(3), theme.px(3))
        if cell.image is not None and not cell.image.isNull():
            shown = fitted(QPixmap.fromImage(cell.image), side, side, self.devicePixelRatioF())
            paint_centred(painter, QRectF(room.x(), room.y(), room.width(), side), shown, radius=theme.px(2))
        below = QRectF(room.x(), room.y() + side + theme.px(2), room.width(), line)
        paint_chip(painter, below, cell.label, cell.colour, names=self._names)
        wide = painter.fontMetrics().horizontalAdvance(cell.text) + theme.px(5)
        tag = QRectF(room.right() - wide, room.y() + side - line, wide, line)
        ground = QColor(theme.current().surface)
        ground.setAlphaF(0.92)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(tag, theme.px(3), theme.px(3))
        painter.setPen(QColor(theme.current().text))
        painter.drawText(tag, int(Qt.AlignmentFlag.AlignCenter), cell.text)

    def _room(self, n: int) -> QRect:
        row, column = divmod(n, COLUMNS)
        wide = self.width() // COLUMNS
        return QRect(column * wide, row * self._high, wide - theme.px(GAP_PT), self._high - theme.px(GAP_PT))

    @property
    def _line(self) -> int:
        return self.fontMetrics().height() + theme.px(3)

    @property
    def _high(self) -> int:
        return theme.px(SIDE_PT) + self._line + theme.px(2) + theme.px(GAP_PT)
