"""The teaching queue at the bottom of Decide: its table, its progress, and actions on all of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
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
from visualmemory_gui.app.views.decide.queue_order import QueueOrder
from visualmemory_gui.app.views.kit.buttons import button_of
from visualmemory_gui.app.views.kit.elided_label import ShrinkingLabel
from visualmemory_gui.app.widgets.tables.queue_table import QueueTableView

WIDE_PT = 820.0  # from which on the progress is shown as a bar too


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
        self.summary = ShrinkingLabel()
        self.summary.setObjectName("queueSummary")
        self.summary.setAccessibleDescription("How far the queue is")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Share of the queue that is certain")
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(theme.px(90), theme.px(6))
        self.progress.hide()  # until there is room for it
        self.least = self._make_least()
        self.order = QueueOrder(model, "queueOrder")
        self._row = QHBoxLayout()
        self._lay_out()
        header = self.table.horizontalHeader()
        model.sorting_changed.connect(lambda column, order: header.setSortIndicator(column, order))
        model.updated.connect(self.on_updated)
        self.table.chosen_changed.connect(self.on_chosen_changed)
        self.table.typed.connect(self.typed)
        self.on_updated()

    def set_actions(self, actions: Sequence[QAction], *, small: Sequence[QAction], hide: QAction) -> None:
        """Add buttons for ``actions``, without words for the ``small`` ones; ``hide`` is called to hide the queue."""
        for action in actions:
            self._row.addWidget(button_of(action))
        for action in small:
            button = button_of(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            self._row.addWidget(button)
        closer = QToolButton()
        closer.setObjectName("queueHide")
        closer.setAutoRaise(True)
        closer.setAccessibleName("Hide the queue")
        closer.setToolTip("Hide the queue (Ctrl+Shift+Q); its images stay in it")
        theme.set_icon(closer, "chevron-down")
        closer.clicked.connect(lambda: hide.trigger())
        self._row.addWidget(closer)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the room to the words where there is too little for both."""
        super().resizeEvent(event)
        self.progress.setVisible(self.width() >= theme.px(WIDE_PT))

    def on_updated(self) -> None:
        count, taught, certain = self._model.counts()
        with QSignalBlocker(self.least):
            self.least.setValue(round(100 * self._model.least))
        self.summary.set_full_text(f"taught {taught:,}; {certain:,} of {count:,} certain")
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

    def let_go(self) -> None:
        """Select no image: what is taught elsewhere does not move the selection on."""
        self.table.clearSelection()

    def go_to_query(self) -> None:
        """Select the image that is decided, if it is one of the queue."""
        for row in self._model.rows_of([self._shown] if self._shown is not None else []):
            self.table.go_to(row)

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
