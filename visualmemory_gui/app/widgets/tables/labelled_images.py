"""A list of images with their labels, to be looked at before something is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QItemSelectionModel, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap, QShowEvent
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.tables.label_delegate import LabelDelegate, set_words
from visualmemory_gui.engine.decision.short_labels import ShortLabels


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """An image, its label, and details in words."""

    label: str
    detail: str
    image: QImage


class LabelledImages(QListWidget):
    """The list; ``name`` says to a screen reader what it holds."""

    def __init__(self, rows: Sequence[LabelledRow], *, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setWordWrap(True)
        names = ShortLabels(row.label for row in rows if row.label)
        self.setItemDelegate(LabelDelegate(self, lambda: names))
        side = theme.px(72)
        self.setIconSize(QSize(side, side))
        self.setGridSize(QSize(theme.px(96), side + 3 * self.fontMetrics().height() + theme.px(8)))
        for row in rows:
            item = QListWidgetItem(QIcon(_in_square(row.image, side, self.devicePixelRatioF())), "")
            set_words(item, ("", row.label, f"\n{row.detail}") if row.label else (row.detail,))
            spoken = ", ".join(filter(None, (row.label, row.detail)))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
            item.setToolTip(spoken)
            self.addItem(item)
        self.setCurrentRow(0, QItemSelectionModel.SelectionFlag.NoUpdate)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin at the top: a scroll to the current row, from when the list was still small, would cut the first."""
        super().showEvent(event)
        self.doItemsLayout()
        self.scrollToTop()


def _in_square(image: QImage, side: int, ratio: float) -> QPixmap:
    """``image`` in the middle of a square of ``side`` points, so that the words below all begin at one height."""
    whole = round(side * ratio)
    square = QPixmap(whole, whole)
    square.fill(Qt.GlobalColor.transparent)
    if not image.isNull():
        flags = (Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        small = image if max(image.width(), image.height()) <= whole else image.scaled(whole, whole, *flags)
        painter = QPainter(square)
        painter.drawImage((whole - small.width()) // 2, (whole - small.height()) // 2, small)
        painter.end()
    square.setDevicePixelRatio(ratio)
    return square
