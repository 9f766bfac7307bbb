"""Which keys a widget hears before they are shortcuts of the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent


def take_key(event: QEvent, hears: Callable[[QKeyEvent], bool]) -> bool:
    """Where ``event`` asks for whom a key is, accept it if the widget ``hears`` that key. Returns whether it does."""
    if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and hears(event):
        event.accept()
        return True
    return False


def is_plain(event: QKeyEvent) -> bool:
    """Whether it is a key without Ctrl or Alt, and not Tab."""
    plain = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
    return not event.modifiers() & ~plain and event.key() not in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
