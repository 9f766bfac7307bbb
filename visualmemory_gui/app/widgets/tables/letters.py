"""Letters typed in a list start one of its names and are not commands there."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

NO_TEXT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
ASKS = Qt.Key.Key_T  # opens a line to type into, and does nothing else


def is_letter(event: QKeyEvent) -> bool:
    """Whether the key types a letter that can begin a name."""
    return event.text().isalpha() and not event.modifiers() & NO_TEXT and event.key() != ASKS


class Letters(QObject):
    """Keeps letters typed in ``view`` from triggering the window's actions."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and is_letter(event):
            event.accept()
            return True
        return False
