"""A label as a rounded chip: text on the colour of its class."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter

from visualmemory_gui.app import theme
from visualmemory_gui.engine.decision.short_labels import ShortLabels

PADDING_PT = 5.0
LEAST_LABEL_PT = 30.0  # of room for a label that something precedes


def chip_width(metrics: QFontMetrics, text: str) -> int:
    return metrics.horizontalAdvance(text) + 2 * theme.px(PADDING_PT)


def before_label(key: str) -> str:
    """What precedes a label in its chip: the digit that labels with its class, if it has one."""
    return f"{key}  " if key else ""


def shortened(metrics: QFontMetrics, label: str, room: int, names: ShortLabels) -> str:
    """``label`` cut to ``room`` pixels so that it stays distinct from the other ``names``."""
    return names.fit(label, lambda text: metrics.horizontalAdvance(text) <= room)


def paint_chip(
    painter: QPainter, room: QRectF, label: str, colour: QColor | None, *, names: ShortLabels, before: str = ""
) -> float:
    """Paint ``label`` at the left of ``room``, cut to fit, after ``before`` where the label keeps room enough; returns
    the chip's width."""
    metrics = painter.fontMetrics()
    whole = int(room.width()) - 2 * theme.px(PADDING_PT)
    left = whole - metrics.horizontalAdvance(before)
    if left < theme.px(LEAST_LABEL_PT):
        before, left = "", whole
    shown = before + shortened(metrics, label, left, names)
    box = QRectF(room.x(), room.y(), min(chip_width(metrics, shown), room.width()), room.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour or QColor(theme.current().grey_chip))
    painter.drawRoundedRect(box, room.height() / 2, room.height() / 2)
    painter.setPen(QColor(theme.current().on_chip))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), shown)
    return box.width()
