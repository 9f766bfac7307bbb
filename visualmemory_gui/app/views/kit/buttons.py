"""Buttons for actions, with the action's words and enabled when it is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QToolButton

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.literal_text import literal, words_of
from visualmemory_gui.app.widgets.cards.label_chip import LEAST_LABEL_PT, shortened
from visualmemory_gui.engine.decision.short_labels import ShortLabels


class ActionButton(QPushButton):
    """A button that takes the width it is given; for lack of room a label in its text is shortened, or left alone.

    ``brief`` is what it says where all of its words have no room.
    """

    def __init__(self, name: str, *, primary: bool = False, brief: str = "") -> None:
        super().__init__()
        self._brief = brief
        self.setObjectName(name)
        self.setProperty("primary", primary)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._words, self._label, self._names = "", "", ShortLabels()

    def set_names(self, names: ShortLabels) -> None:
        """Set the labels that the one in its text must stay distinct from when it is cut."""
        self._names = names
        self._fit()

    def set_words(self, text: str, label: str = "") -> None:
        """Set ``text``, in which ``label`` may be cut."""
        self._words, self._label = text, label
        self.setAccessibleName(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics, room = self.fontMetrics(), self.width() - theme.px(20)
        before, label, after = self._words.rpartition(self._label) if self._label else ("", "", "")
        left = room - metrics.horizontalAdvance(before + after)
        if not label:
            words = self._brief if self._brief and metrics.horizontalAdvance(self._words) > room else self._words
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(room, theme.px(20)))
        elif left >= theme.px(LEAST_LABEL_PT):
            shown = before + shortened(metrics, label, left, self._names) + after
        else:  # the label matters most; the tooltip has all words
            shown = shortened(metrics, label, room, self._names)
        self.setText(literal(shown))


def bind(button: ActionButton, action: QAction) -> None:
    """Let ``button`` trigger ``action`` and mirror it. The action's data, if any, is the label in its text."""

    def follow() -> None:
        label = str(action.data() or "")
        button.set_words(words_of(action), label)
        button.setToolTip(f"{words_of(action)}\n{action.toolTip()}" if label else action.toolTip())
        button.setEnabled(action.isEnabled())

    button.clicked.connect(lambda: action.trigger())
    action.changed.connect(follow)
    follow()


def button_of(action: QAction) -> QToolButton:
    """A button for ``action``: its words, its icon, enabled when it is."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def primary_of(action: QAction) -> QPushButton:
    """The same as the primary button of its place."""
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


class FoldButton(QToolButton):
    """A button that unfolds something. Where its ``words`` have no room it says ``brief``."""

    def __init__(self, words: str, brief: str = "") -> None:
        super().__init__()
        self._words = self._brief = ""
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.set_words(words, brief)

    def set_words(self, words: str, brief: str = "") -> None:
        if (words, brief or words) == (self._words, self._brief):
            return
        self._words, self._brief = words, brief or words
        self.setAccessibleName(words)
        self.updateGeometry()
        self._fit()

    def sizeHint(self) -> QSize:
        return self._room_for(self._words)

    def minimumSizeHint(self) -> QSize:
        return self._room_for(self._brief)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(literal(self._words if self.width() >= self.sizeHint().width() else self._brief))

    def _room_for(self, words: str) -> QSize:
        """The size with ``words`` in place of the text that is shown."""
        metrics, hint = self.fontMetrics(), super().sizeHint()
        more = metrics.horizontalAdvance(literal(words)) - metrics.horizontalAdvance(self.text())
        return QSize(hint.width() + more, hint.height())


def fold_button(text: str) -> FoldButton:
    """A button that unfolds what stands below it, or next to it: its arrow points down while that is shown."""
    fold = FoldButton(text)
    fold.setCheckable(True)
    fold.setAutoRaise(True)
    fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    fold.setArrowType(Qt.ArrowType.RightArrow)
    fold.toggled.connect(lambda down: fold.setArrowType(Qt.ArrowType.DownArrow if down else Qt.ArrowType.RightArrow))
    return fold
