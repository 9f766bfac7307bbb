"""A delegate for table cells that contain a label."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from visualmemory_gui.app.widgets.cards.label_chip import shortened
from visualmemory_gui.engine.decision.short_labels import ShortLabels


class LabelDelegate(QStyledItemDelegate):
    """Cuts a label to its column so that it stays distinct from the other ``names()``."""

    def __init__(self, view: QAbstractItemView, names: Callable[[], ShortLabels]) -> None:
        super().__init__(view)
        self._view, self._names = view, names

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        margin = self._view.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, self._view) + 1
        room = option.rect.width() - 2 * margin
        if room > 0:  # there is none while the column's width is still being determined
            option.text = shortened(option.fontMetrics, option.text, room, self._names())
