"""A note over the work: what was just done, and how to take it back. It asks nothing and goes by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from visualmemory_gui.app import theme

Action = tuple[str, Callable[[], object]]


class NoteBar(QFrame):
    """Stays while the mouse or the keyboard is on it, and for ever when ``seconds`` is 0."""

    undo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noteBar")
        self.setProperty("panel", True)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_time)
        self._seconds = 0.0
        self._extra: list[QPushButton] = []
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._undo = QPushButton("Undo")
        self._undo.clicked.connect(self._on_undo)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._text, 1)
        self._row.addWidget(self._undo)
        self._row.addWidget(self._closer())
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def show_note(self, text: str, *, undo: bool = False, actions: Sequence[Action] = (), seconds: float = 8.0) -> None:
        """Say ``text``, with Undo and further ``actions`` as buttons; replaces the note before."""
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

    def add(self, text: str, actions: Sequence[Action] = ()) -> None:
        """Go on with the sentence that the note says: what became known since."""
        self._text.setText(f"{self.text.rstrip('.')}; {text}")
        for action in actions:
            self._extra.append(self._button(*action))
            self._row.insertWidget(self._row.count() - 1, self._extra[-1])
        self.setAccessibleName(self.text)
        self._restart()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        self._restart()

    def _replace_actions(self, actions: Sequence[Action]) -> None:
        for old in self._extra:
            self._row.removeWidget(old)
            old.deleteLater()
        self._extra = [self._button(*action) for action in actions]
        for at, button in enumerate(self._extra):
            self._row.insertWidget(2 + at, button)

    def _button(self, text: str, call: Callable[[], object]) -> QPushButton:
        button = QPushButton(text, self)
        button.clicked.connect(self.hide)
        button.clicked.connect(lambda: call())
        return button

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
