"""A dialog that is always tall enough for its sentences, and its row of buttons."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton

from visualmemory_gui.app.models.literal_text import literal


class FittingDialog(QDialog):
    """Grows when a sentence needs more lines: Qt fits a window's height only to the lines it has when shown."""

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return handled

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def verb_or_cancel(
        self, verb: str, *, primary: bool = True, careful: bool = False
    ) -> tuple[QPushButton, QDialogButtonBox]:
        """The button ``verb``, which accepts, and the row of it and *Cancel*; if it is ``careful``, Enter cancels."""
        row = QDialogButtonBox()
        take = row.addButton(literal(verb), QDialogButtonBox.ButtonRole.AcceptRole)
        take.setProperty("primary", primary)
        cancel = row.addButton(QDialogButtonBox.StandardButton.Cancel)
        (cancel if careful else take).setDefault(True)
        row.accepted.connect(self.accept)
        row.rejected.connect(self.reject)
        return take, row

    def _fit(self) -> None:
        layout = self.layout()
        if layout is not None and layout.hasHeightForWidth():
            needed = layout.totalMinimumHeightForWidth(self.width())
            self.setMinimumHeight(min(needed, self.screen().availableSize().height()))


def wrapped(text: str) -> QLabel:
    """Text that takes as many lines as it needs."""
    label = QLabel(text)
    label.setWordWrap(True)
    return label
