"""The error dialog: one sentence on what happened, one on what to do, the details folded."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QTextEdit, QWidget

from visualmemory_gui import __version__


class ErrorDialog(QMessageBox):
    """A single dialog, never a stack: errors that occur while it is open are counted and added to its details."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setObjectName("errorDialog")
        self.setWindowTitle("Something went wrong")
        self.setIcon(QMessageBox.Icon.Warning)
        self.setStandardButtons(QMessageBox.StandardButton.Ok)
        self.setEscapeButton(QMessageBox.StandardButton.Ok)  # Qt finds none if there are several buttons
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._copy = self.addButton("Copy details", QMessageBox.ButtonRole.ActionRole)
        self._copy.clicked.disconnect()  # it must not close the dialog
        self._copy.clicked.connect(self.on_copy)
        self._more = 0
        self._first = ""

    def on_copy(self) -> None:
        """Copy all of it to the clipboard, in the form that a report needs."""
        whole = (f"visualmemory_gui {__version__}", self.text(), self.informativeText(), self.detailedText())
        QGuiApplication.clipboard().setText("\n\n".join(whole))

    def tell(self, what: str, todo: str, details: str) -> None:
        if self.isVisible():
            self._more += 1
            self.setText(f"{self._first}\n\nand {self._more} more: see the details")
            self.setDetailedText(f"{self.detailedText()}\n\n{what}\n{details}")
            return
        self._more, self._first = 0, what
        self.setText(what)
        self.setInformativeText(todo)
        self.setDetailedText(details)
        for box in self.findChildren(QTextEdit):
            box.setAccessibleName("Details")
        self.open()
