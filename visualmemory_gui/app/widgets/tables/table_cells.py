"""Rows of tables: choosing one, and the parts they are painted from: background, images, chip, bar with its figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtCore import QItemSelectionModel, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyleOptionViewItem

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.app.widgets.cards.label_chip import paint_chip
from visualmemory_gui.engine.decision.short_labels import ShortLabels


def select_only(view: QAbstractItemView, row: int) -> None:
    """Make ``row`` the current and only selected one, whatever keys are held: Ctrl+Z may still be down."""
    flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
    view.selectionModel().setCurrentIndex(view.model().index(row, 0), flags)


@contextmanager
def cell(painter: QPainter, option: QStyleOptionViewItem, lit: QColor | None = None) -> Iterator[QRectF]:
    """The room of a cell to paint in, its background already painted; restores the painter afterwards."""
    painter.save()
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    painter.setFont(option.font)
    paint_ground(painter, option, lit)
    painter.setPen(QColor(theme.current().text))
    try:
        yield QRectF(option.rect).adjusted(theme.px(4), theme.px(2), -theme.px(4), -theme.px(2))
    finally:
        painter.restore()


def paint_ground(painter: QPainter, option: QStyleOptionViewItem, lit: QColor | None = None) -> None:
    """Paint the background, which shows selection, hover and focus; ``lit`` is that of a row that just changed."""
    c = theme.current()
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(option.rect, QColor(c.selected))
    elif lit is not None:
        painter.fillRect(option.rect, lit)
    elif option.state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(option.rect, QColor(c.hover))
    if option.state & QStyle.StateFlag.State_HasFocus:
        painter.fillRect(option.rect.adjusted(0, option.rect.height() - 2, 0, 0), QColor(c.accent))


def paint_small(painter: QPainter, room: QRectF, pixmap: QPixmap | None) -> None:
    """Paint the image in the middle of ``room``; nothing while it is loading."""
    if pixmap is None or pixmap.isNull():
        return
    size = pixmap.size().scaled(room.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
    spot = QRectF(0, 0, size.width(), size.height())
    spot.moveCenter(room.center())
    painter.drawPixmap(spot, pixmap, QRectF(pixmap.rect()))


def paint_several(painter: QPainter, room: QRectF, pixmaps: Sequence[QPixmap | None]) -> None:
    """Paint images side by side from the left of ``room``, as large as they fit."""
    gap = theme.px(3)
    side = min(room.height(), room.width() / max(1, len(pixmaps)) - gap)
    for n, pixmap in enumerate(pixmaps):
        left = room.x() + n * (side + gap)
        paint_small(painter, QRectF(left, room.center().y() - side / 2, side, side), pixmap)


def paint_chip_in(
    painter: QPainter, room: QRectF, label: str, colour: QColor | None, *, names: ShortLabels, before: str = ""
) -> None:
    """Paint a chip at the left of ``room``, vertically centred."""
    high = painter.fontMetrics().height() + theme.px(2)
    spot = QRectF(room.x(), room.center().y() - high / 2, room.width(), high)
    paint_chip(painter, spot, label, colour, names=names, before=before)


def paint_share(painter: QPainter, room: QRectF, share: float, colour: QColor) -> None:
    """Paint the share as a bar and in numbers."""
    words = painter.fontMetrics().horizontalAdvance("100 %") + theme.px(4)
    high = theme.px(5)
    track = QRectF(room.x(), room.center().y() - high / 2, room.width() - words, high)
    painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), percent(share))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.current().track))
    painter.drawRoundedRect(track, high / 2, high / 2)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(track.x(), track.y(), max(high, track.width() * share), high), high / 2, high / 2)
