"""A label as a rounded chip: text on the colour of its class."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter

from visualmemory_gui.app import theme
from visualmemory_gui.engine.decision.short_labels import ShortLabels

PADDING_PT = 5.0


def chip_width(metrics: QFontMetrics, text: str) -> int:
    return metrics.horizontalAdvance(text) + 2 * theme.px(PADDING_PT)


def shortened(metrics: QFontMetrics, label: str, room: int, names: ShortLabels) -> str:
    """``label`` cut to ``room`` pixels so that it stays distinct from the other ``names``."""
    return names.fit(label, lambda text: metrics.horizontalAdvance(text) <= room)


def paint_chip(
    painter: QPainter, room: QRectF, label: str, colour: QColor | None, *, names: ShortLabels, before: str = ""
) -> float:
    """Paint ``label`` at the left of ``room``, after ``before``, cut to fit; returns the chip's width."""
    metrics = painter.fontMetrics()
    left = int(room.width()) - 2 * theme.px(PADDING_PT) - metrics.horizontalAdvance(before)
    shown = before + shortened(metrics, label, left, names)
    box = QRectF(room.x(), room.y(), min(chip_width(metrics, shown), room.width()), room.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour or QColor(theme.current().grey_chip))
    painter.drawRoundedRect(box, room.height() / 2, room.height() / 2)
    painter.setPen(QColor(theme.current().on_chip))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), shown)
    return box.width()
