"""The keys of edits on a read-only memory, which say why nothing happens."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

EDITS = "edits"  # the property of an action that changes the memory


class RefusedKeys:
    """Takes the keys of all edits of ``window`` while their actions are disabled; calls ``say`` when one is pressed.

    Keys that also do something other than an edit keep doing that.
    """

    def __init__(self, window: QWidget, say: Callable[[], object]) -> None:
        made = window.findChildren(QAction)
        others = {key for action in made if not action.property(EDITS) for key in _keys(action)}
        edits = {key for action in made if action.property(EDITS) for key in _keys(action)}
        self._shortcuts = [QShortcut(QKeySequence(key), window) for key in sorted(edits - others)]
        for shortcut in self._shortcuts:
            shortcut.activated.connect(say)
        self.set_on(False)

    def set_on(self, on: bool) -> None:
        for shortcut in self._shortcuts:
            shortcut.setEnabled(on)


def _keys(action: QAction) -> list[str]:
    return [key.toString() for key in action.shortcuts()]
