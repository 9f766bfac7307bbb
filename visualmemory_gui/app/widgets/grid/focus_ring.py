"""The ring around a list that has the focus while nothing in it is selected, when no row shows the focus.

It is for keyboard users: a list that got the focus by mouse, or when a memory was opened, has none.
"""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

from visualmemory_gui.app import theme

WIDE = 2
BY_TAB = Qt.WidgetAttribute.WA_KeyboardFocusChange  # set if the focus moved by keyboard
_HANDS = (QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress)
_KINDS = (QEvent.Type.Paint, QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Hide)


class FocusRing(QWidget):
    """A ring over the focused view in ``window``; it lets the mouse through."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("focusRing")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view: QAbstractItemView | None = None
        self._by_keys = False
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self.on_focus_changed)
        self.hide()

    @property
    def view(self) -> QAbstractItemView | None:
        """The focused view, ringed or not."""
        return self._view

    def on_focus_changed(self, _: QWidget | None, now: QWidget | None) -> None:
        for watched in self._watched():
            watched.removeEventFilter(self)
        there = shiboken6.isValid(self._window)  # not while the window is being destroyed and its parts lose the focus
        self._view = now if there and isinstance(now, QAbstractItemView) and self._window.isAncestorOf(now) else None
        self._by_keys = there and self._window.testAttribute(BY_TAB)
        for watched in self._watched():
            watched.installEventFilter(self)
        self.place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Place the ring after events that may move the focus. A view repaints itself when its selection changes."""
        if event.type() in _HANDS:
            self._by_keys = event.type() == QEvent.Type.KeyPress
        if event.type() in (*_KINDS, *_HANDS):
            QTimer.singleShot(0, self, self.place)
        return False

    def place(self) -> None:
        """Show the ring if it is needed."""
        view = self._view if shiboken6.isValid(self._view) else None
        needed = view is not None and self._by_keys and view.isVisible() and not view.selectionModel().hasSelection()
        if view is not None and needed:
            self.setGeometry(QRect(view.mapTo(self._window, QPoint(0, 0)), view.size()))
            self.raise_()
        self.setVisible(needed)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.current().accent), WIDE))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), theme.px(3), theme.px(3))

    def _watched(self) -> tuple[QWidget, ...]:
        view = self._view
        return (view, view.viewport()) if view is not None and shiboken6.isValid(view) else ()
