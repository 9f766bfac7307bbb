"""A page that lies over a workspace until Esc or Space closes it, and then gives the focus back."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QToolButton, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.views.kit.zoomable_image import ZoomableImage
from visualmemory_gui.app.widgets.keys import is_plain, take_key

CLOSES = (Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Return)


class Overlay(QFrame):
    """Lies over ``above``. Keys that close nothing go to ``image``: the wheel, + and - zoom, 0 fits, 1 shows 1:1.

    Its constructor ends by hiding it.
    """

    def __init__(self, above: QWidget, *, name: str, image: ZoomableImage) -> None:
        super().__init__(above)
        self.setObjectName(name)
        self.setProperty("panel", True)
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._above, self._image = above, image
        self._before: QWidget | None = None  # what had the focus
        above.installEventFilter(self)

    def lay_over(self) -> None:
        """Show it, with the focus."""
        self._before = QApplication.focusWidget()
        self.setGeometry(self._above.rect())
        self.show()
        self.raise_()
        self.setFocus()

    def let_go(self) -> None:
        """Drop what was shown; called as it closes."""

    def close_button(self) -> QToolButton:
        """The button that closes it."""
        leave = QToolButton()
        leave.setAutoRaise(True)
        leave.setToolTip("Close (Esc)")
        leave.setAccessibleName("Close")
        theme.set_icon(leave, "close")
        leave.clicked.connect(lambda _checked=False: self.hide())
        return leave

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._above.rect())
        return False

    def event(self, event: QEvent) -> bool:
        """Keys without Ctrl or Alt are heard here alone: none strikes or teaches meanwhile."""
        return take_key(event, is_plain) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in CLOSES:
            self.hide()
        else:
            self._image.keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.let_go()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus()
        self._before = None
