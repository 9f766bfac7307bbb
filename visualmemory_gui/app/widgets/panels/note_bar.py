"""A note over the workspace: what was just done, and how to take it back. It asks nothing and fades after a while."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.literal_text import literal
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.models.note_log import joined


class NoteBar(QFrame):
    """Stays while the mouse or the focus is on it, and for ever if ``seconds`` is 0.

    Each button disappears once pressed, and the note with the last of them. The bell keeps them all.
    """

    undo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noteBar")
        self.setProperty("panel", True)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_time)
        self._seconds = 0.0
        self._extra: dict[NoteAction, QPushButton] = {}
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._undo = QPushButton("Undo")
        self._undo.clicked.connect(self._on_undo)
        column = QVBoxLayout(self)
        row, self._row = QHBoxLayout(), QHBoxLayout()
        row.addWidget(self._text, 1)
        row.addWidget(self._undo)
        row.addWidget(self._closer())
        self._row.addStretch(1)
        column.addLayout(row)
        column.addLayout(self._row)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def show_note(
        self, text: str, *, undo: bool = False, actions: Sequence[NoteAction] = (), seconds: float = 8.0
    ) -> None:
        """Show ``text``, with Undo and further ``actions`` as buttons; replaces the previous note."""
        self._text.setText(text)
        self._undo.setVisible(undo)
        self._undo.setAccessibleName(f"Undo: {text}")
        self._replace_actions(actions)
        self._seconds = seconds
        self.setAccessibleName(text)
        self.show()
        self.raise_()
        self._restart()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def add(self, text: str, actions: Sequence[NoteAction] = ()) -> None:
        """Extend the note's sentence by what has become known since."""
        self._text.setText(joined(self.text, text))
        self._add_actions(actions)
        self.setAccessibleName(self.text)
        self._restart()

    def drop(self) -> None:
        """Hide the note and hold on to nothing that it offered."""
        self.hide()
        self._replace_actions(())

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        self._restart()

    def _replace_actions(self, actions: Sequence[NoteAction]) -> None:
        for old in tuple(self._extra):
            self._remove(old)
        self._add_actions(actions)

    def _add_actions(self, actions: Sequence[NoteAction]) -> None:
        for action in actions:
            button = QPushButton(literal(action.text), self)
            button.clicked.connect(partial(self._on_used, action))
            self._extra[action] = button
            self._row.addWidget(button)

    def _remove(self, action: NoteAction) -> None:
        button = self._extra.pop(action)
        button.hide()
        self._row.removeWidget(button)
        button.deleteLater()

    def _on_used(self, action: NoteAction, _checked: bool = False) -> None:
        if action not in self._extra:
            return
        self._remove(action)
        if self._extra or not self._undo.isHidden():
            self._restart()
        else:
            self.hide()
        action.call()

    def _closer(self) -> QToolButton:
        closer = QToolButton()
        closer.setAutoRaise(True)
        closer.setAccessibleName("Close this note")
        closer.setToolTip("Close this note")
        theme.set_icon(closer, "close")
        closer.clicked.connect(self.hide)
        return closer

    def _on_undo(self) -> None:
        self.hide()
        self.undo_requested.emit()

    def _restart(self) -> None:
        if self._seconds > 0:
            self._timer.start(round(self._seconds * 1000))
        else:
            self._timer.stop()

    def _on_time(self) -> None:
        if self.underMouse() or any(child.hasFocus() for child in self.findChildren(QWidget)):
            self._restart()
        else:
            self.hide()
