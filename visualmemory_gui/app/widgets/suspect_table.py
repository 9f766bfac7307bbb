"""The table of labels that the others contradict: picture, both labels with their shares, what speaks against."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

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
from visualmemory_gui.app.models.review_tables import FOUND, Column, SuspectsModel
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.cells import paint_chip_in, paint_ground, paint_share, paint_small, select_only

if TYPE_CHECKING:
    from visualmemory_gui.engine.study.review import Suspect

Index = QModelIndex | QPersistentModelIndex
SIDE_PT = 42.0
WIDTHS_PT = {
    Column.Picture: 54.0,
    Column.Share: 66.0,
    Column.SuggestedShare: 66.0,
    Column.Against: 150.0,
}


class SuspectTable(QTableView):
    """Rows keep their place when others go: the next one comes under the keyboard."""

    chosen_changed = Signal()

    def __init__(self, model: SuspectsModel, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("suspectTable")
        self.setAccessibleName("Labels that the other exemplars contradict")
        self._model = model
        self._at = 0
        self.setModel(model)
        self._painter = _SuspectDelegate(self, thumbnails.get)
        self.setItemDelegate(self._painter)
        self._dress()
        thumbnails.loaded.connect(lambda _: self.viewport().update())
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._go_on)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen_changed.emit())

    def chosen(self) -> list[Suspect]:
        """The selected suspects, in the order shown."""
        return [self._model.row(row) for row in sorted(i.row() for i in self.selectionModel().selectedRows())]

    def _keep(self) -> None:
        rows = [index.row() for index in self.selectionModel().selectedRows()]
        self._at = min(rows, default=max(0, self.currentIndex().row()))

    def _go_on(self) -> None:
        if self._model.rowCount():
            select_only(self, min(self._at, self._model.rowCount() - 1))
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
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(theme.px(SIDE_PT) + theme.px(4))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, wide in WIDTHS_PT.items():
            header.resizeSection(int(column), theme.px(wide))
        for column in (Column.Label, Column.Suggested):
            header.setSectionResizeMode(int(column), QHeaderView.ResizeMode.Stretch)


class _SuspectDelegate(QStyledItemDelegate):
    def __init__(self, parent: QTableView, picture: Callable[[int], QPixmap | None]) -> None:
        super().__init__(parent)
        self._picture = picture

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(54), theme.px(SIDE_PT) + theme.px(4))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        suspect: Suspect = index.data(FOUND)
        c = theme.current()
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(option.font)
        paint_ground(painter, option)
        room = QRectF(option.rect).adjusted(theme.px(4), theme.px(2), -theme.px(4), -theme.px(2))
        painter.setPen(QColor(c.text))
        column = Column(index.column())
        if column == Column.Picture:
            paint_small(painter, room, self._picture(suspect.id))
        elif column == Column.Label:
            paint_chip_in(painter, room, suspect.label, None)
        elif column == Column.Suggested:
            paint_chip_in(painter, room, suspect.suggested, QColor(c.chips[0]))
        elif column == Column.Share:
            paint_share(painter, room, suspect.share, QColor(c.grey_chip))
        elif column == Column.SuggestedShare:
            paint_share(painter, room, suspect.suggested_share, QColor(c.chips[0]))
        else:
            self._paint_against(painter, room, suspect)
        painter.restore()

    def _paint_against(self, painter: QPainter, room: QRectF, suspect: Suspect) -> None:
        side = min(room.height(), room.width() / max(1, len(suspect.against)) - theme.px(3))
        for n, (exemplar, _, _) in enumerate(suspect.against):
            left = room.x() + n * (side + theme.px(3))
            paint_small(painter, QRectF(left, room.center().y() - side / 2, side, side), self._picture(exemplar))
