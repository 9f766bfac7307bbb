"""The list of all commands: type a few letters, Enter runs the first that is possible."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.commands import CommandList, CommandRole, PaletteCommand

Index = QModelIndex | QPersistentModelIndex
WIDE_PT, ROWS = 400, 12
LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class CommandPalette(QFrame):
    """Over the window until a command is run, Esc is pressed, or something else is clicked."""

    def __init__(self, parent: QWidget) -> None:
        """``parent`` is the window."""
        super().__init__(parent, Qt.WindowType.Popup)
        self._window = parent
        self.setObjectName("commandPalette")
        self.setAccessibleName("All commands")
        self.setProperty("panel", True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.model = CommandList(self)
        self.line = QLineEdit()
        self.line.setPlaceholderText("Type a few letters of a command")
        self.line.setAccessibleName("Command")
        self.line.textChanged.connect(self.on_typed)
        self.line.installEventFilter(self)
        self.list = self._list()
        self.nothing = QLabel("No command has these letters.")
        self.nothing.setProperty("dim", True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.nothing.setContentsMargins(theme.px(5), theme.px(3), 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.px(5)] * 4)
        column.addWidget(self.line)
        for widget in (self.list, self.nothing):
            column.addWidget(widget, 1)

    def open(self, commands: Iterable[PaletteCommand]) -> None:
        """Show ``commands`` at the top of the window."""
        self.model.set_commands(tuple(commands))
        self.line.clear()
        self.on_typed("")
        window = self._window
        wide = min(theme.px(WIDE_PT), window.width() - theme.px(16))
        high = self.line.sizeHint().height() + ROWS * self.list.sizeHintForRow(0) + theme.px(18)
        self.resize(wide, min(high, window.height() - theme.px(60)))
        self.move(window.mapToGlobal(QPoint((window.width() - wide) // 2, theme.px(40))))
        self.show()
        self.line.setFocus()

    def on_typed(self, text: str) -> None:
        self.model.narrow(text)
        found = self.model.rowCount() > 0
        self.list.setVisible(found)
        self.nothing.setVisible(not found)
        self.list.setCurrentIndex(self.model.index(0))
        self.list.scrollToTop()

    def on_chosen(self, index: Index) -> None:
        """Run a command; one that is not possible now stays listed with the reason."""
        command = self.model.command_at(index.row())
        if command is not None and not command.refusal:
            self.close()
            command.call()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the line move through the list and run what is current."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in MOVES:
                QApplication.sendEvent(self.list, event)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.on_chosen(self.list.currentIndex())
                return True
        return False

    def _list(self) -> QListView:
        made = QListView()
        made.setAccessibleName("Commands")
        made.setFrameShape(QListView.Shape.NoFrame)
        made.setUniformItemSizes(True)
        made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the line keeps it
        made.setMouseTracking(True)
        made.setItemDelegate(_CommandDelegate(made))
        made.setModel(self.model)
        made.clicked.connect(self.on_chosen)
        return made


class _CommandDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(100), option.fontMetrics.height() + theme.px(6))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        c, refusal = theme.current(), str(index.data(CommandRole.Refusal))
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(c.selected))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, QColor(c.hover))
        room = option.rect.adjusted(theme.px(5), 0, -theme.px(5), 0)
        painter.setFont(theme.points(option.font, -1))
        painter.setPen(QColor(c.dim))
        beside = " · ".join(filter(None, (index.data(CommandRole.Place), index.data(CommandRole.Keys))))
        painter.drawText(room, RIGHT, beside)
        room.setRight(room.right() - painter.fontMetrics().horizontalAdvance(f"{beside}   "))
        painter.setFont(option.font)
        painter.setPen(QColor(c.dim if refusal else c.text))
        _draw_elided(painter, room, f"{index.data()} – {refusal}" if refusal else str(index.data()))
        painter.restore()


def _draw_elided(painter: QPainter, room: QRect, text: str) -> None:
    painter.drawText(room, LEFT, painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room.width()))
