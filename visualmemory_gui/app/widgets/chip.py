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


def shortened(metrics: QFontMetrics, text: str, room: int) -> str:
    """``text`` cut to ``room`` pixels. The end of a label path says most: "animals/cat/tabby" becomes "…/cat/tabby"."""
    key, gap, label = text.rpartition("  ")
    shown = text
    while metrics.horizontalAdvance(shown) > room and "/" in label:
        label = label.split("/", 1)[1]
        shown = f"{key}{gap}…/{label}"
    # Fractions of a pixel make elidedText cut a text that has just the room it says it needs.
    fits = metrics.horizontalAdvance(shown) <= room
    return shown if fits else metrics.elidedText(shown, Qt.TextElideMode.ElideRight, room)


def paint_chip(painter: QPainter, room: QRectF, text: str, colour: QColor | None) -> float:
    """Paint ``text`` at the left of ``room``, shortened where it does not fit; returns the chip's width."""
    metrics = painter.fontMetrics()
    shown = shortened(metrics, text, int(room.width()) - 2 * theme.px(PADDING_PT))
    box = QRectF(room.x(), room.y(), min(chip_width(metrics, shown), room.width()), room.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour or QColor(theme.current().grey_chip))
    painter.drawRoundedRect(box, room.height() / 2, room.height() / 2)
    painter.setPen(QColor(theme.current().on_chip))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), shown)
    return box.width()
