"""Letters typed in a list start one of its names and are not commands there."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

NO_TEXT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
ASKS = Qt.Key.Key_T  # opens a line to type into, and does nothing else


def is_letter(event: QKeyEvent, but: Collection[int] = (ASKS,)) -> bool:
    """Whether the key types a letter that can begin a name; those in ``but`` are commands."""
    return event.text().isalpha() and not event.modifiers() & NO_TEXT and event.key() not in but


class Letters(QObject):
    """Keeps letters typed in ``view``, without those in ``but``, from triggering actions."""

    def __init__(self, view: QWidget, but: Collection[int] = (ASKS,)) -> None:
        super().__init__(view)
        self._but = but
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and is_letter(event, self._but):
            event.accept()
            return True
        return False
