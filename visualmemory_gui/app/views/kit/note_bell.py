"""The bell: how many notes are unread, and the list of those that are kept."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAction, QColor, QHideEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QToolButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.models.note_log import NoteLog
from visualmemory_gui.app.widgets.tables.note_list import NoteList

WIDE_PT, HIGH_PT = 330, 380


class NoteBell(QToolButton):
    """The button. ``refresh`` is called before the list opens, so that it knows what is still possible."""

    def __init__(self, action: QAction, log: NoteLog, refresh: Callable[[], object]) -> None:
        super().__init__()
        self.setDefaultAction(action)
        self.setObjectName("noteBell")
        self.setAutoRaise(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._log = log
        self._refresh = refresh
        self.panel = NotePanel(log, self)
        log.updated.connect(self.on_updated)
        self.on_updated()

    def on_updated(self) -> None:
        """Say how many are unread, in the number on the bell and for a screen reader."""
        unread = self._log.unread
        self.setAccessibleName(f"Notes, {unread} unread" if unread else "Notes")
        self.update()

    def open(self) -> None:
        """Show the notes, newest first; or close them."""
        if self.panel.isVisible():
            self.panel.close()
            return
        self._refresh()
        self.panel.open_above(self)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._log.unread:
            return
        text, c = str(self._log.unread), theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.points(self.font(), -2, bold=True))
        wide = max(theme.px(10), painter.fontMetrics().horizontalAdvance(text) + theme.px(4))
        badge = QRect(self.width() - wide, 0, wide, theme.px(10))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.accent))
        painter.drawRoundedRect(badge, badge.height() / 2, badge.height() / 2)
        painter.setPen(QColor(c.on_accent))
        painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), text)
        painter.end()


class NotePanel(QFrame):
    """The list over the window; Esc, or a click beside it, closes it. What was shown counts as read afterwards."""

    def __init__(self, log: NoteLog, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("notePanel")
        self.setAccessibleName("Notes")
        self.setProperty("panel", True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._log = log
        self.list = NoteList(log)
        self.empty = QLabel("No notes yet. What you do will be listed here, with what can be done about it.")
        self.empty.setWordWrap(True)
        self.empty.setProperty("dim", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.px(4)] * 4)
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)
        self.list.used.connect(self.on_used)

    def open_above(self, bell: QWidget) -> None:
        """Open over ``bell``, inside its window, with the newest note selected."""
        window = bell.window()
        self.empty.setVisible(not self._log.notes)
        self.list.setVisible(bool(self._log.notes))
        self.resize(min(theme.px(WIDE_PT), window.width() - theme.px(16)), theme.px(HIGH_PT))
        self.show()
        self.resize(self.width(), min(self._wanted_height(), theme.px(HIGH_PT), window.height() - theme.px(60)))
        place = bell.mapToGlobal(QPoint(bell.width() - self.width(), -self.height()))
        self.move(max(place.x(), window.mapToGlobal(QPoint(theme.px(8), 0)).x()), place.y())
        self.list.setCurrentIndex(self._log.index(0))
        self.list.setFocus()

    def on_used(self, action: NoteAction) -> None:
        self.close()
        action()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._log.mark_read()

    def _wanted_height(self) -> int:
        frame = 2 * (theme.px(4) + self.frameWidth())
        if not self._log.notes:
            return self.empty.heightForWidth(self.width() - frame) + frame
        return self.list.content_height() + frame + theme.px(2)
