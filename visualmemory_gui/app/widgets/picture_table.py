"""A table whose rows begin with a picture."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.picture_rows import PICTURES, PictureRows
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.cells import paint_ground, paint_small

Index = QModelIndex | QPersistentModelIndex
SIDE_PT = 42.0
PICTURE_PT = 54.0
SEVERAL_PT = 150.0
NUMBER_PT = 52.0


class PictureTable(QTableView):
    """Column 0 is the picture, column 1 a label and takes what room is left, others are numbers.

    Rows keep their place when others go: the next one comes under the keyboard.
    """

    chosen_changed = Signal()
    opened = Signal(int)  # an exemplar's id: Enter, or a double click

    def __init__(
        self, model: PictureRows, thumbnails: Thumbnails, *, name: str, words: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(words)
        self._rows = model
        self._at = 0
        self.setModel(model)
        self._painter = _PictureDelegate(self, thumbnails.get)
        self.setItemDelegate(self._painter)
        self._dress()
        thumbnails.loaded.connect(lambda _: self.viewport().update())
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._go_on)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen_changed.emit())
        self.activated.connect(lambda index: self.opened.emit(model.row(index.row()).id))

    def chosen(self) -> list[int]:
        """The selected rows, increasing."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def _keep(self) -> None:
        self._at = min(self.chosen(), default=max(0, self.currentIndex().row()))

    def _go_on(self) -> None:
        if self._rows.rowCount():
            self.selectRow(min(self._at, self._rows.rowCount() - 1))
        self.chosen_changed.emit()

    def _dress(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideLeft)  # the end of a label tells most
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(theme.px(SIDE_PT) + theme.px(4))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.resizeSection(0, theme.px(PICTURE_PT))
        for column in range(2, self._rows.columnCount()):
            header.resizeSection(column, theme.px(NUMBER_PT))
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)

    def widen_last(self, pt: float = SEVERAL_PT) -> None:
        """Give the last column room for several pictures, or for words."""
        self.horizontalHeader().resizeSection(self._rows.columnCount() - 1, theme.px(pt))


class _PictureDelegate(QStyledItemDelegate):
    def __init__(self, parent: QTableView, picture: Callable[[int], QPixmap | None]) -> None:
        super().__init__(parent)
        self._picture = picture

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(PICTURE_PT), theme.px(SIDE_PT) + theme.px(4))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        paint_ground(painter, option)
        room = QRectF(option.rect).adjusted(theme.px(4), theme.px(2), -theme.px(4), -theme.px(2))
        pictures = index.data(PICTURES)
        if pictures is None:
            text = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideLeft, int(room.width()))
            painter.setPen(QColor(theme.current().text))
            painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
        else:
            side = min(room.height(), room.width() / max(1, len(pictures)) - theme.px(3))
            for n, exemplar in enumerate(pictures):
                left = room.x() + n * (side + theme.px(3))
                paint_small(painter, QRectF(left, room.center().y() - side / 2, side, side), self._picture(exemplar))
        painter.restore()
