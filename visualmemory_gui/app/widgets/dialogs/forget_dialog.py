"""Asks before exemplars are erased for good, and says what that destroys."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog
from visualmemory_gui.engine.text.visible_text import how_many

DESTROYED = (
    "Erased from the memory's folder: image copies, thumbnails, vectors, what was derived from them, and their "
    "lines in the history. This cannot be undone.\n\n"
    "Not erased: your original files outside the memory, older exports and backups."
)


class ForgetDialog(FittingDialog):
    """Use ``open()``; ``confirmed`` is emitted once. For more than one exemplar the count must be typed."""

    confirmed = Signal()

    def __init__(self, parent: QWidget | None, *, count: int, what: str) -> None:
        """``what`` names them: "3 exemplars of cat", "the 14 struck exemplars"."""
        super().__init__(parent)
        self.setObjectName("forgetDialog")
        self.setWindowTitle("Forget for good")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._count = count
        column = QVBoxLayout(self)
        heading = QLabel(f"Forget {what} for good?")
        heading.setFont(theme.points(self.font(), 2, bold=True))
        told = QLabel(DESTROYED)
        told.setWordWrap(True)
        told.setMinimumWidth(theme.px(300))
        column.addWidget(heading)
        column.addWidget(told)
        self._impact = QLabel(" ")
        self._impact.setWordWrap(True)
        self._impact.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._impact.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 2)  # the sentence arrives later
        self._impact.setAccessibleDescription("What it would change")
        column.addWidget(self._impact)
        self._typed = self._question(column)
        self._forget, self._buttons = self.verb_or_cancel(f"Forget {how_many(count)}", primary=False, careful=True)
        self._forget.setAutoDefault(False)
        column.addWidget(self._buttons)
        self._on_typed("")
        self.setAccessibleDescription(DESTROYED)

    def set_impact(self, text: str) -> None:
        """Say which other decisions it would change; "" clears that."""
        self._impact.setText(text or " ")

    def accept(self) -> None:
        if self._is_sure():
            self.confirmed.emit()
            super().accept()

    def _question(self, column: QVBoxLayout) -> QLineEdit:
        typed = QLineEdit()
        typed.setAccessibleName(f"Type {self._count} to confirm")
        typed.textChanged.connect(self._on_typed)
        asked = QLabel(f"Type {self._count} to confirm:")
        asked.setBuddy(typed)
        for widget in (asked, typed):
            widget.setVisible(self._count > 1)
            column.addWidget(widget)
        return typed

    def _is_sure(self) -> bool:
        return self._count == 1 or self._typed.text().strip().replace(",", "") == str(self._count)

    def _on_typed(self, text: str) -> None:
        self._forget.setEnabled(self._is_sure())
