"""A label as a rounded chip: text on the colour of its class."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter

from visualmemory_gui.app import theme

PADDING_PT = 5.0


def chip_text(label: str, key: str = "") -> str:
    """What the chip says: the class, after the digit that labels with it."""
    return f"{key}  {label}" if key else label


def chip_width(metrics: QFontMetrics, text: str) -> int:
    return metrics.horizontalAdvance(text) + 2 * theme.px(PADDING_PT)


def paint_chip(painter: QPainter, room: QRectF, text: str, colour: QColor | None) -> float:
    """Paint ``text`` at the left of ``room``, cut in the middle where it does not fit; returns the chip's width.

    The end of a label path says more than its middle, so "animals/…/tabby" is what remains.
    """
    metrics = painter.fontMetrics()
    padding = theme.px(PADDING_PT)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, int(room.width()) - 2 * padding)
    box = QRectF(room.x(), room.y(), min(chip_width(metrics, shown), room.width()), room.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour or QColor(theme.current().grey_chip))
    painter.drawRoundedRect(box, room.height() / 2, room.height() / 2)
    painter.setPen(QColor(theme.current().on_chip))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), shown)
    return box.width()
