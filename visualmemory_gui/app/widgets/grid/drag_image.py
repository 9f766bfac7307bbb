"""The image at the pointer while exemplars are dragged: small and next to it, so that the target stays visible."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QDrag, QPainter, QPixmap

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.cards.pixmap_cache import fitted, on_white, paint_centred

SIDE_PT = 32.0


def hang(drag: QDrag, image: QPixmap | None, count: int, ratio: float) -> None:
    """Let ``drag`` show ``image``, with a count if more than one is dragged."""
    drag.setPixmap(drag_pixmap(image, count, ratio))
    drag.setHotSpot(QPoint(-theme.px(8), -theme.px(8)))


def drag_pixmap(image: QPixmap | None, count: int, ratio: float) -> QPixmap:
    """A square of ``SIDE_PT`` points on a screen of device pixel ``ratio``."""
    side = theme.px(SIDE_PT)
    drawn = QPixmap(round(side * ratio), round(side * ratio))
    drawn.setDevicePixelRatio(ratio)
    drawn.fill(Qt.GlobalColor.white)
    painter = QPainter(drawn)
    room = QRectF(0, 0, side, side)
    if image is not None and not image.isNull():
        paint_centred(painter, room, fitted(on_white(image), side, side, ratio))
    painter.setPen(QColor(theme.current().line))
    painter.drawRect(room.adjusted(0, 0, -1, -1))
    if count > 1:
        _paint_count(painter, room, f"{count:,}")
    painter.end()
    return drawn


def _paint_count(painter: QPainter, room: QRectF, text: str) -> None:
    metrics = painter.fontMetrics()
    badge = QRectF(room.x(), room.bottom() - metrics.height(), metrics.horizontalAdvance(text) + theme.px(6), 0)
    badge.setBottom(room.bottom())
    painter.fillRect(badge, QColor(theme.current().accent))
    painter.setPen(QColor(theme.current().on_accent))
    painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), text)
