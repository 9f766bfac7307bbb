"""The history as a list by day: what was done, when, what undo took back, and the names of states."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.history import HistoryModel, StepRole
from visualmemory_gui.engine.types import Step

Index = QModelIndex | QPersistentModelIndex
LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)


class HistoryList(QListView):
    """The list. ``step_chosen`` says that another step, or none, is selected."""

    step_chosen = Signal()
    menu_requested = Signal(QPoint)  # global

    def __init__(self, model: HistoryModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("historyList")
        self.setAccessibleName("History")
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_LineDelegate(self))
        self._model = model
        self.setModel(model)
        self._kept: int | None = None
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._select_kept)
        self.selectionModel().selectionChanged.connect(lambda *_: self.step_chosen.emit())

    @property
    def step(self) -> Step | None:
        """The selected step."""
        chosen = self.selectionModel().selectedRows()
        return self._model.step_at(chosen[0].row()) if chosen else None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            place = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        self.menu_requested.emit(place)

    def _keep(self) -> None:
        self._kept = self.step.number if self.step is not None else None

    def _select_kept(self) -> None:
        for row in range(self._model.rowCount()):
            step = self._model.step_at(row)
            if step is not None and step.number == self._kept:
                self.setCurrentIndex(self._model.index(row))
                return
        self.step_chosen.emit()


class _LineDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(100), 2 * option.fontMetrics.height() + theme.px(6))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        room = QRectF(option.rect).adjusted(theme.px(5), theme.px(3), -theme.px(5), -theme.px(3))
        upper = QRectF(room.x(), room.y(), room.width(), room.height() / 2)
        if index.data(StepRole.Step) is None:
            self._paint_day(painter, option, index, upper)
        else:
            self._paint_step(painter, option, index, upper)
        painter.restore()

    @staticmethod
    def _paint_day(painter: QPainter, option: QStyleOptionViewItem, index: Index, upper: QRectF) -> None:
        c = theme.current()
        if index.row():
            painter.setPen(QPen(QColor(c.border), 1))
            painter.drawLine(option.rect.topLeft(), option.rect.topRight())
        painter.setFont(theme.points(option.font, bold=True))
        painter.setPen(QColor(c.text))
        painter.drawText(upper, LEFT, str(index.data()))
        painter.setFont(theme.points(option.font, -1))
        painter.setPen(QColor(c.dim))
        _draw_elided(painter, upper.translated(0, upper.height()), str(index.data(StepRole.When) or ""))

    @staticmethod
    def _paint_step(painter: QPainter, option: QStyleOptionViewItem, index: Index, upper: QRectF) -> None:
        c = theme.current()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            painter.fillRect(option.rect, QColor(c.selected if selected else c.hover))
        if selected and option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(c.accent), 1))
            painter.drawRect(option.rect.adjusted(0, 0, -1, -1))
        undone = bool(index.data(StepRole.Undone))
        font = theme.points(option.font)
        font.setStrikeOut(undone)
        painter.setFont(font)
        painter.setPen(QColor(c.dim if undone else c.text))
        _draw_elided(painter, upper, str(index.data()))
        lower = upper.translated(0, upper.height())
        painter.setFont(theme.points(option.font, -1))
        painter.setPen(QColor(c.dim))
        text = " · ".join(filter(None, (index.data(StepRole.When), index.data(StepRole.Place))))
        painter.drawText(lower, LEFT, text)
        if tags := str(index.data(StepRole.Tags)):
            painter.setPen(QColor(c.link))
            painter.setFont(theme.points(option.font, -1, bold=True))
            beside = lower.adjusted(painter.fontMetrics().horizontalAdvance(f"{text}  "), 0, 0, 0)
            shown = painter.fontMetrics().elidedText(tags, Qt.TextElideMode.ElideRight, int(beside.width()))
            painter.drawText(beside, RIGHT, shown)


def _draw_elided(painter: QPainter, room: QRectF, text: str) -> None:
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()))
    painter.drawText(room, LEFT, shown)
