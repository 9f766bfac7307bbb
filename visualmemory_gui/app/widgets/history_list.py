"""The history as a list: what was done, when, and what undo took back."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.history import HistoryModel, StepRole

Index = QModelIndex | QPersistentModelIndex


class HistoryList(QListView):
    def __init__(self, model: HistoryModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("historyList")
        self.setAccessibleName("History")
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setUniformItemSizes(True)
        self.setItemDelegate(_StepDelegate(self))
        self.setModel(model)


class _StepDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(100), 2 * option.fontMetrics.height() + theme.px(6))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        c = theme.current()
        painter.save()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            painter.fillRect(option.rect, QColor(c.selected if selected else c.hover))
        undone = bool(index.data(StepRole.Undone))
        room = QRectF(option.rect).adjusted(theme.px(5), theme.px(3), -theme.px(5), -theme.px(3))
        upper = QRectF(room.x(), room.y(), room.width(), room.height() / 2)
        font = theme.points(option.font)
        font.setStrikeOut(undone)
        painter.setFont(font)
        painter.setPen(QColor(c.dim if undone else c.text))
        name = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, int(upper.width()))
        painter.drawText(upper, int(Qt.AlignmentFlag.AlignVCenter), name)
        painter.setFont(theme.points(option.font, -1))
        painter.setPen(QColor(c.dim))
        below = f"{index.data(StepRole.When)} · undone" if undone else str(index.data(StepRole.When))
        painter.drawText(upper.translated(0, room.height() / 2), int(Qt.AlignmentFlag.AlignVCenter), below)
        painter.restore()
