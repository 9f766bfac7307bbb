"""The table of the teaching queue: image, chip and bar in each row; rows that an edit moved flash for a moment."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.queue import QueueModel, QueueRole
from visualmemory_gui.app.models.queue_rows import QueueColumn, QueueRow, cells
from visualmemory_gui.app.widgets.cards.label_chip import before_label
from visualmemory_gui.app.widgets.tables.letters import Letters, is_letter
from visualmemory_gui.app.widgets.tables.table_cells import cell, paint_chip_in, paint_share, paint_small, select_only
from visualmemory_gui.app.widgets.tables.table_style import chosen_rows, dress

Index = QModelIndex | QPersistentModelIndex
FLASH_S = 1.2
FRAME_MS = 50
WIDTHS_PT = {
    QueueColumn.Winner: 130.0,
    QueueColumn.Share: 110.0,
    QueueColumn.Margin: 46.0,
    QueueColumn.Known: 52.0,
    QueueColumn.Taught: 110.0,
}
SIDE_PT = 30.0


class QueueTableView(QTableView):
    """The table. The selection survives reordering. ``typed`` reports a letter: the beginning of a class name."""

    typed = Signal(str)
    chosen_changed = Signal()
    menu_requested = Signal(QPoint)  # global; about the selected images

    def __init__(self, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("queueTable")
        self.setAccessibleName("Teaching queue")
        self._model = model
        self._kept: list[int] = []
        self._current: int | None = None
        self._until = 0.0
        self.setModel(model)
        self._painter = _RowDelegate(self, model, self.glow)
        self.setItemDelegate(self._painter)
        self._flash = QTimer(self, interval=FRAME_MS)
        self._flash.timeout.connect(self._on_flash)
        Letters(self)
        self._dress()
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._restore)
        model.updated.connect(self._light_up)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen_changed.emit())

    def chosen(self) -> list[int]:
        """Ids of the selected images, in the order shown."""
        return [self._model.row(row).id for row in chosen_rows(self)]

    def current_id(self) -> int | None:
        index = self.currentIndex()
        return self._model.row(index.row()).id if index.isValid() else None

    def go_to(self, row: int) -> None:
        """Make ``row`` the only selected one, and scroll to it."""
        select_only(self, row)
        self.scrollTo(self._model.index(row, 0))

    def glow(self) -> float:
        """How brightly the moved rows are lit: 1 just after the edit, falling to 0."""
        return max(0.0, (self._until - monotonic()) / FLASH_S)

    def keyboardSearch(self, search: str) -> None:
        """Disable Qt's search of rows by typed letters."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move to the first and last image on Home and End."""
        if is_letter(event):
            self.typed.emit(event.text())
            return
        if event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and not event.modifiers() and self._model.rowCount():
            self.go_to(0 if event.key() == Qt.Key.Key_Home else self._model.rowCount() - 1)
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Select the row under the mouse, unless it is one of the selected."""
        row = self.rowAt(event.pos().y())
        if row >= 0 and row not in chosen_rows(self):
            self.go_to(row)
        if self.chosen():
            self.menu_requested.emit(event.globalPos())

    def _dress(self) -> None:
        dress(self, high=theme.px(SIDE_PT) + theme.px(4))
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(int(QueueColumn.DecodedImage), QHeaderView.ResizeMode.Stretch)
        for column, wide in WIDTHS_PT.items():
            header.resizeSection(int(column), theme.px(wide))
        header.setSortIndicator(int(QueueColumn.Share), Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def _keep(self) -> None:
        self._kept, self._current = self.chosen(), self.current_id()

    def _restore(self) -> None:
        rows = self._model.rows_of(self._kept)
        selection = QItemSelection()
        for row in rows:
            selection.select(self._model.index(row, 0), self._model.index(row, self._model.columnCount() - 1))
        if self._current is not None and (at := self._model.rows_of([self._current])):
            self.selectionModel().setCurrentIndex(
                self._model.index(at[0], 0), QItemSelectionModel.SelectionFlag.NoUpdate
            )
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.chosen_changed.emit()

    def _light_up(self) -> None:
        if self._model.moved and not theme.reduced_motion():
            self._until = monotonic() + FLASH_S
            self._flash.start()

    def _on_flash(self) -> None:
        self.viewport().update()
        if self.glow() <= 0:
            self._flash.stop()


class _RowDelegate(QStyledItemDelegate):
    def __init__(self, parent: QTableView, model: QueueModel, glow: Callable[[], float]) -> None:
        super().__init__(parent)
        self._model, self._glow = model, glow

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: QueueRow = index.data(QueueRole.Row)
        column = QueueColumn(index.column())
        with cell(painter, option, self._lit(moved=bool(index.data(QueueRole.Moved)))) as room:
            painter.setPen(QColor(theme.current().dim if row.taught else theme.current().text))
            if column == QueueColumn.DecodedImage:
                _image(painter, room, row, index.data(QueueRole.Pixmap))
            elif column == QueueColumn.Winner and row.winner is not None:
                key, colour = index.data(QueueRole.Key), index.data(QueueRole.Colour)
                paint_chip_in(painter, room, row.winner, colour, names=self._model.names, before=before_label(key))
            elif column == QueueColumn.Taught and row.taught is not None:
                paint_chip_in(painter, room, row.taught, None, names=self._model.names, before="✓ ")
            elif column == QueueColumn.Share and row.share is not None:
                paint_share(painter, room, row.share, index.data(QueueRole.Colour))
            else:
                painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), cells(row)[column])

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(60), theme.px(SIDE_PT) + theme.px(4))

    def _lit(self, *, moved: bool) -> QColor | None:
        c, glow = theme.current(), self._glow()
        return theme.mixed(c.surface, c.accent, 0.35 * glow) if moved and glow > 0 else None


def _image(painter: QPainter, room: QRectF, row: QueueRow, pixmap: QPixmap | None) -> None:
    side = QRectF(room.x(), room.y(), room.height(), room.height())
    paint_small(painter, side, pixmap)
    words = room.adjusted(side.width() + theme.px(6), 0, 0, 0)
    text = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideMiddle, int(words.width()))
    painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter), text)
