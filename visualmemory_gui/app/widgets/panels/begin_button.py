"""A button to begin with: it shows that what it started is running."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton

from visualmemory_gui.app.models.literal_text import literal


class BeginButton(QPushButton):
    """A button to begin with. While its ``job`` runs it says ``busy`` and is disabled. Return presses it too."""

    def __init__(self, text: str, *, job: str = "", busy: str = "") -> None:
        super().__init__(literal(text))
        self._text, self._job, self._busy = text, job, busy

    def set_running(self, jobs: Collection[str]) -> None:
        """Show whether its job is among the running ``jobs``."""
        runs = bool(self._job) and self._job in jobs
        if runs == self.isEnabled():
            self.setEnabled(not runs)
            self.setText(literal(self._busy if runs else self._text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
        else:
            super().keyPressEvent(event)
