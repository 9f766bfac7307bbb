"""The teaching queue at the bottom of Decide: its table, its progress, and actions on all of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.queue import QueueModel
from visualmemory_gui.app.models.queue_rows import TEACH_NEXT, QueueColumn
from visualmemory_gui.app.views.kit.buttons import button_of
from visualmemory_gui.app.widgets.tables.queue_table import QueueTableView

ORDERS = (
    ("least certain first", int(QueueColumn.Share), "By the winner's share; images that are unknown come first"),
    ("smallest margin first", int(QueueColumn.Margin), "By how far the winner is ahead of the second"),
    ("what to teach next", TEACH_NEXT, "First those that are like many others, unsure, and unlike what was taught"),
)


class QueuePanel(QFrame):
    """The queue's table. Selecting a row shows its decision; after a lesson the first image in the order is next."""

    image_chosen = Signal(int)  # to be decided
    typed = Signal(str)  # the beginning of a class name
    selection_changed = Signal()

    def __init__(self, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("queuePanel")
        self.setProperty("panel", True)
        self.setAccessibleName("Teaching queue")
        self._model = model
        self._taught = 0
        self._shown: int | None = None
        self._first: int | None = None  # what was shown first without having been chosen
        self.table = QueueTableView(model)
        self.summary = QLabel()
        self.summary.setObjectName("queueSummary")
        self.summary.setAccessibleDescription("How far the queue is")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Share of the queue that is certain")
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(theme.px(90), theme.px(6))
        self.least = self._make_least()
        self.order = self._make_order()
        self._row = QHBoxLayout()
        self._lay_out()
        model.updated.connect(self.on_updated)
        self.table.chosen_changed.connect(self.on_chosen_changed)
        self.table.typed.connect(self.typed)
        self.on_updated()

    def set_actions(self, actions: Sequence[QAction], *, hide: QAction) -> None:
        """Add buttons for ``actions``; ``hide`` is called to hide the queue."""
        for action in actions:
            self._row.addWidget(button_of(action))
        closer = QToolButton()
        closer.setObjectName("queueHide")
        closer.setAutoRaise(True)
        closer.setAccessibleName("Hide the queue")
        closer.setToolTip("Hide the queue (Ctrl+Shift+Q); its images stay in it")
        theme.set_icon(closer, "chevron-down")
        closer.clicked.connect(lambda: hide.trigger())
        self._row.addWidget(closer)

    def on_updated(self) -> None:
        count, taught, certain = self._model.counts()
        with QSignalBlocker(self.least):
            self.least.setValue(round(100 * self._model.least))
        self.summary.setText(f"taught {taught:,}; {certain:,} of {count:,} certain")
        self.progress.setMaximum(max(count, 1))
        self.progress.setValue(certain)
        if taught > self._taught and count:
            self._go_on()
        elif self._first is not None and self.table.chosen() == [self._first]:
            self.begin()  # no other was chosen: the least certain of those added since
        self._taught = taught

    def on_query_changed(self, shown: int | None) -> None:
        """Mark ``shown`` of the queue as the one being decided; None: an image outside the queue is."""
        self._shown = shown
        if shown is None:
            self._first = None
            self.table.clearSelection()

    def on_chosen_changed(self) -> None:
        current = self.table.current_id()
        if current is not None and current != self._shown and self.table.chosen():
            self._shown = current
            if current != self._first:
                self._first = None
            self.image_chosen.emit(current)
        self.selection_changed.emit()

    def begin(self) -> None:
        """Show the least certain image, unless another was chosen."""
        row = self._model.first_untaught()
        if row is not None and self.table.chosen() in ([], [self._first]):
            self._first = self._model.row(row).id
            self.table.go_to(row)

    def _go_on(self) -> None:
        """Go on to the least certain of the others once the chosen image is taught."""
        chosen = self.table.chosen()
        left = [row for row in self._model.rows_of(chosen) if self._model.row(row).taught is None]
        row = self._model.first_untaught()
        if chosen and not left and row is not None:
            self.table.go_to(row)

    def _make_least(self) -> QSpinBox:
        box = QSpinBox()
        box.setObjectName("queueLeast")
        box.setRange(1, 100)
        box.setValue(round(100 * self._model.least))
        box.setPrefix("certain from ")
        box.setSuffix(" %")
        box.setAccessibleName("Share of the vote from which a decision counts as certain")
        box.setToolTip("A known image counts as certain from this share of the vote")
        box.valueChanged.connect(self._model.set_least)
        return box

    def _make_order(self) -> QComboBox:
        box = QComboBox()
        box.setObjectName("queueOrder")
        box.setAccessibleName("Order of the queue")
        box.setPlaceholderText("by a column")
        for text, column, tip in ORDERS:
            box.addItem(text, column)
            box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        box.setToolTip("Which image comes first")
        header = self.table.horizontalHeader()
        box.activated.connect(lambda _: header.setSortIndicator(box.currentData(), Qt.SortOrder.AscendingOrder))
        header.sortIndicatorChanged.connect(self.on_sorted)
        box.setCurrentIndex(box.findData(header.sortIndicatorSection()))
        return box

    def on_sorted(self, column: int, order: Qt.SortOrder) -> None:
        """Name the order in the list of orders, where it is one of them."""
        listed = order == Qt.SortOrder.AscendingOrder
        self.order.setCurrentIndex(self.order.findData(column) if listed else -1)

    def _lay_out(self) -> None:
        title = QLabel("Queue")
        title.setProperty("title", True)
        for widget in (title, self.summary, self.progress, self.least, self.order):
            self._row.addWidget(widget)
        self._row.addStretch(1)
        column = QVBoxLayout(self)
        margin = theme.px(5)
        column.setContentsMargins(margin, margin, margin, margin)
        column.addLayout(self._row)
        column.addWidget(self.table, 1)
