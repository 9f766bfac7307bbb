"""A table whose rows begin with an image."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.image_rows import IMAGES, LABEL, ImageRows
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.cards.label_chip import shortened
from visualmemory_gui.app.widgets.tables.table_cells import cell, paint_several
from visualmemory_gui.app.widgets.tables.table_style import Place, chosen_rows, dress

Index = QModelIndex | QPersistentModelIndex
SIDE_PT = 42.0
IMAGE_PT = 54.0
SEVERAL_PT = 150.0
NUMBER_PT = 52.0


class ImageTable(QTableView):
    """Column 0 is the image, column 1 a label that takes the spare width, the others are numbers."""

    chosen_changed = Signal()
    opened = Signal(int)  # an exemplar's id: Enter, or a double click

    def __init__(
        self, model: ImageRows, thumbnails: Thumbnails, *, name: str, words: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(words)
        self._rows = model
        self.setModel(model)
        self._painter = _ImageDelegate(self, model, thumbnails.get)
        self.setItemDelegate(self._painter)
        self._dress()
        thumbnails.loaded.connect(lambda _: self.viewport().update())
        Place(self).changed.connect(self.chosen_changed)
        self.activated.connect(lambda index: self.opened.emit(model.row(index.row()).id))

    def chosen(self) -> list[int]:
        """The selected rows in increasing order."""
        return chosen_rows(self)

    def widen_last(self, pt: float = SEVERAL_PT) -> None:
        """Make the last column wide enough for several images, or for words."""
        self.horizontalHeader().resizeSection(self._rows.columnCount() - 1, theme.px(pt))

    def _dress(self) -> None:
        dress(self, high=theme.px(SIDE_PT) + theme.px(4))
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.resizeSection(0, theme.px(IMAGE_PT))
        for column in range(2, self._rows.columnCount()):
            header.resizeSection(column, theme.px(NUMBER_PT))
        header.setSectionResizeMode(LABEL, QHeaderView.ResizeMode.Stretch)


class _ImageDelegate(QStyledItemDelegate):
    def __init__(self, parent: QTableView, rows: ImageRows, image: Callable[[int], QPixmap | None]) -> None:
        super().__init__(parent)
        self._rows, self._image = rows, image

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(IMAGE_PT), theme.px(SIDE_PT) + theme.px(4))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        images = index.data(IMAGES)
        with cell(painter, option) as room:
            if images is not None:
                paint_several(painter, room, [self._image(exemplar) for exemplar in images])
                return
            text, metrics = str(index.data()), painter.fontMetrics()
            if index.column() == LABEL:
                text = shortened(metrics, text, int(room.width()), self._rows.names)
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
