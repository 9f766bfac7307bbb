"""Asks for a class: type or complete it, Enter takes it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme


class LabelChooser(QDialog):
    """Use ``open()``; ``chosen`` tells the class when it is accepted. ``question`` names what will be labelled."""

    chosen = Signal(str)

    def __init__(
        self,
        parent: QWidget | None,
        *,
        question: str,
        labels: Sequence[str],
        preselected: str = "",
        verb: str = "Teach",
        typed: str = "",
    ) -> None:
        super().__init__(parent)
        self.setObjectName("labelChooser")
        self.setWindowTitle(verb)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._known, self._preselected, self._verb = frozenset(labels), preselected, verb
        self._edit = self._line_edit(sorted(labels), preselected)
        self._hint = QLabel()
        self._hint.setProperty("dim", True)
        self._take, buttons = self._buttons(verb)
        heading = QLabel(question)
        heading.setBuddy(self._edit)
        column = QVBoxLayout(self)
        for widget in (heading, self._edit, self._hint, buttons):
            column.addWidget(widget)
        self._on_typed(preselected)
        if typed:
            self._edit.setText(typed)  # the cursor stands behind it: typing goes on
            self._edit.completer().setCompletionPrefix(typed)
            self._edit.completer().complete()

    @property
    def label(self) -> str:
        """What stands in the line, trimmed."""
        return self._edit.text().strip()

    def accept(self) -> None:
        if self.label:
            self.chosen.emit(self.label)
            super().accept()

    def _line_edit(self, labels: list[str], preselected: str) -> QLineEdit:
        edit = QLineEdit(preselected)
        edit.setAccessibleName("Class")
        edit.setPlaceholderText("class or class/sub-class")
        edit.setMinimumWidth(theme.px(230))
        completer = QCompleter(labels, edit)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        edit.setCompleter(completer)
        edit.selectAll()
        edit.textChanged.connect(self._on_typed)
        return edit

    def _buttons(self, verb: str) -> tuple[QPushButton, QDialogButtonBox]:
        buttons = QDialogButtonBox()
        take = buttons.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
        take.setProperty("primary", True)
        take.setDefault(True)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return take, buttons

    def _on_typed(self, text: str) -> None:
        label = text.strip()
        self._take.setEnabled(bool(label))
        self._hint.setText(self._hint_of(label))

    def _hint_of(self, label: str) -> str:
        """What would come of it: a new class, or one that swallows another."""
        if label in ("", self._preselected):
            return " "
        if label not in self._known:
            return "A new class"
        return f"{label} is there already: both become one class" if self._verb == "Rename" else " "
