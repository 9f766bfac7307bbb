"""Buttons that stand for an action: the same words, the same on and off."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QToolButton

from visualmemory_gui.app import theme


class ActionButton(QPushButton):
    """Takes the width it is given; a label path in its words loses its first parts where there is no room."""

    def __init__(self, name: str, *, primary: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("primary", primary)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._words, self._label = "", ""

    def set_words(self, text: str, label: str = "") -> None:
        """Say ``text``, in which ``label`` may be cut."""
        self._words, self._label = text, label
        self.setAccessibleName(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics, room = self.fontMetrics(), self.width() - theme.px(20)
        shown = shortened(self._words, self._label, lambda text: metrics.horizontalAdvance(text) <= room)
        cut = Qt.TextElideMode.ElideMiddle if self._label else Qt.TextElideMode.ElideRight
        shown = metrics.elidedText(shown, cut, max(room, theme.px(20)))
        self.setText(shown.replace("&", "&&"))


def bind(button: ActionButton, action: QAction) -> None:
    """Let ``button`` trigger ``action`` and look as it does. The action's data, if any, is the label in its text."""

    def follow() -> None:
        label = str(action.data() or "")
        button.set_words(action.text(), label)
        button.setToolTip(f"{action.text()}\n{action.toolTip()}" if label else action.toolTip())
        button.setEnabled(action.isEnabled())

    button.clicked.connect(lambda: action.trigger())
    action.changed.connect(follow)
    follow()


def button_of(action: QAction) -> QToolButton:
    """A button that is the action: its words, its icon, on and off."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def primary_of(action: QAction) -> QPushButton:
    """The same as the one button of its place that is meant to be pressed."""
    button = QPushButton()
    button.setProperty("primary", True)
    button.setObjectName(f"{action.objectName()}Button")

    def follow() -> None:
        button.setText(action.text())
        button.setToolTip(action.toolTip())
        button.setEnabled(action.isEnabled())

    button.clicked.connect(lambda: action.trigger())
    action.changed.connect(follow)
    follow()
    return button


def shortened(text: str, label: str, fits: Callable[[str], bool]) -> str:
    """``text`` with as many first parts of the path ``label`` left out as it takes to fit; the last part stays."""
    shown, rest = text, label
    while not fits(shown) and "/" in rest:
        rest = rest.split("/", 1)[1]
        shown = text.replace(label, f"…/{rest}")
    return shown
