"""The kept notes as a list: each with its time, and below it a row for everything that can be done about it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.note_log import NoteLog, NoteRole

Index = QModelIndex | QPersistentModelIndex
WRAPPED = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)


class NoteList(QListView):
    """The list. ``used`` carries the ``NoteAction`` that was clicked, or chosen with Enter, and is possible."""

    used = Signal(object)

    def __init__(self, log: NoteLog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noteList")
        self.setAccessibleName("Notes, newest first")
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setItemDelegate(_NoteDelegate(self))
        self._log = log
        self.setModel(log)
        self.clicked.connect(self.on_chosen)

    def on_chosen(self, index: Index) -> None:
        action = self._log.action_at(index.row())
        if action is not None and not self._log.refusal(action):
            self.used.emit(action)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.on_chosen(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()  # the notes wrap at another width

    def content_height(self) -> int:
        """The height of all rows at the present width."""
        return sum(self.sizeHintForIndex(self.model().index(row, 0)).height() for row in range(self.model().rowCount()))


class _NoteDelegate(QStyledItemDelegate):
    def __init__(self, view: NoteList) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        room = QRect(0, 0, self._view.viewport().width(), 10_000)
        return QSize(room.width(), self._text_room(option, index, room).height() + 2 * _gap(index))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        if index.data(NoteRole.IsAction):
            self._paint_action(painter, option, index)
        else:
            self._paint_note(painter, option, index)
        painter.restore()

    def _paint_note(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        c = theme.current()
        if index.row():
            painter.setPen(QPen(QColor(c.border), 1))
            painter.drawLine(option.rect.topLeft(), option.rect.topRight())
        _paint_selected(painter, option)
        painter.setFont(_font(option, index))
        painter.setPen(QColor(c.danger if index.data(NoteRole.IsError) else c.text))
        painter.drawText(self._text_room(option, index, option.rect), WRAPPED, str(index.data()))
        painter.setFont(theme.points(option.font, -1))
        painter.setPen(QColor(c.dim))
        beside = option.rect.adjusted(0, _gap(index), -theme.px(6), 0)
        painter.drawText(beside, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop), _time(index))

    def _paint_action(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        c, refusal = theme.current(), str(index.data(NoteRole.Refusal))
        _paint_selected(painter, option)
        if option.state & QStyle.StateFlag.State_MouseOver and not refusal:
            painter.fillRect(option.rect, QColor(c.hover))
        painter.setFont(_font(option, index))
        painter.setPen(QColor(c.dim if refusal else c.link))
        painter.drawText(self._text_room(option, index, option.rect), WRAPPED, _shown(index))

    def _text_room(self, option: QStyleOptionViewItem, index: Index, room: QRect) -> QRect:
        """Where in ``room`` the text of the row is written: as high as it is when wrapped."""
        left = theme.px(20 if index.data(NoteRole.IsAction) else 8)
        right = theme.px(6) if index.data(NoteRole.IsAction) else theme.px(14) + _width(option, _time(index))
        inner = room.adjusted(left, _gap(index), -right, 0)
        metrics = QFontMetrics(_font(option, index))
        return QRect(inner.topLeft(), metrics.boundingRect(inner, WRAPPED, _shown(index)).size() + QSize(2, 0))


def _shown(index: Index) -> str:
    """The text of a row; that of an action which is not possible says why."""
    refusal = index.data(NoteRole.Refusal)
    return f"{index.data()} – not possible: {refusal}" if refusal else str(index.data())


def _time(index: Index) -> str:
    return f"new · {index.data(NoteRole.When)}" if index.data(NoteRole.IsUnread) else str(index.data(NoteRole.When))


def _gap(index: Index) -> int:
    return theme.px(2 if index.data(NoteRole.IsAction) else 5)


def _font(option: QStyleOptionViewItem, index: Index) -> QFont:
    return theme.points(option.font, bold=bool(index.data(NoteRole.IsUnread)))


def _width(option: QStyleOptionViewItem, text: str) -> int:
    return QFontMetrics(theme.points(option.font, -1)).horizontalAdvance(text)


def _paint_selected(painter: QPainter, option: QStyleOptionViewItem) -> None:
    c = theme.current()
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(option.rect, QColor(c.selected))
        painter.setPen(QPen(QColor(c.accent), 1))
        painter.drawRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5))
