"""A delegate for cells of tables and lists that contain labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidgetItem,
)

from visualmemory_gui.app.widgets.cards.label_chip import shortened
from visualmemory_gui.engine.decision.short_labels import ShortLabels

WORDS = int(Qt.ItemDataRole.UserRole) + 20
"""The role of a cell that holds more than a label: its words, of which every second one is a label."""

LINE = "\u2028"
"""Where Qt begins another line in the text of a cell."""


class LabelDelegate(QStyledItemDelegate):
    """Cuts labels to the room in their cell so that each stays distinct from the other ``names()``."""

    def __init__(self, view: QAbstractItemView, names: Callable[[], ShortLabels]) -> None:
        super().__init__(view)
        self._view, self._names = view, names

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        style = self._view.style()
        margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, self._view) + 1
        text = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, self._view)
        room = text.width() - 2 * margin
        if room > 0:  # there is none while the column's width is still being determined
            words = fitted(option.fontMetrics, index.data(WORDS) or ("", option.text), room, self._names())
            option.text = words.replace("\n", LINE)


def fitted(metrics: QFontMetrics, words: Sequence[str], room: int, names: ShortLabels) -> str:
    """``words`` joined, of which every second one is a label: the labels are ``shortened``, so that the first line
    takes at most ``room`` pixels."""
    shown, widths = list(words), [metrics.horizontalAdvance(word) for word in words]
    left = room - metrics.horizontalAdvance("".join(words[::2]).partition("\n")[0]) - len(words)  # widths are rounded
    labels = sorted(range(1, len(words), 2), key=widths.__getitem__)
    for n, at in enumerate(labels):  # the shorter ones leave their room to the longer ones
        shown[at] = shortened(metrics, words[at], left // (len(labels) - n), names)
        left -= metrics.horizontalAdvance(shown[at])
    return "".join(shown)


def set_words(item: QListWidgetItem | QTableWidgetItem, words: Sequence[str]) -> None:
    """Make ``words``, of which every second one is a label, the text of ``item``."""
    item.setText("".join(words))
    item.setData(WORDS, list(words))
