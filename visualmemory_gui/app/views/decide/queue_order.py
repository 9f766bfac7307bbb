"""The list of orders of the queue."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QWidget

from visualmemory_gui.app.models.queue import QueueModel
from visualmemory_gui.app.models.queue_rows import TEACH_NEXT, QueueColumn

ORDERS = (
    ("least certain first", int(QueueColumn.Share), "By the winner's share; images that are unknown come first"),
    ("smallest margin first", int(QueueColumn.Margin), "By how far the winner is ahead of the second"),
    ("what to teach next", TEACH_NEXT, "First those that are like many others, unsure, and unlike what was taught"),
)


class QueueOrder(QComboBox):
    """Chooses and shows the order of the queue; nothing is chosen while that is an order by another column."""

    def __init__(self, model: QueueModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setObjectName(name)
        self.setAccessibleName("Order of the queue")
        self.setPlaceholderText("by a column")
        for text, column, tip in ORDERS:
            self.addItem(text, column)
            self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.setToolTip("Which image comes first")
        self.activated.connect(lambda _: model.sort(self.currentData(), Qt.SortOrder.AscendingOrder))
        model.sorting_changed.connect(self.on_sorting_changed)
        self.on_sorting_changed(*model.sorting)

    def on_sorting_changed(self, column: int, order: Qt.SortOrder) -> None:
        """Name the order, where it is one of the list."""
        listed = order == Qt.SortOrder.AscendingOrder
        self.setCurrentIndex(self.findData(column) if listed else -1)
