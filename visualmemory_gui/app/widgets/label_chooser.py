"""Asks for a class: type or complete it, Enter takes it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCompleter,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.fitting_dialog import FittingDialog

REST_MS = 150  # without a key


class LabelChooser(FittingDialog):
    """Use ``open()``; ``chosen`` tells the class when it is accepted. ``question`` names what will be labelled."""

    chosen = Signal(str)
    considered = Signal(str)  # what stands in the line, or is pointed at in the list, for a moment

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
        self._hint.setWordWrap(True)
        self._impact = QLabel(" ")
        self._impact.setProperty("dim", True)
        self._impact.setWordWrap(True)
        self._impact.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._impact.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 2)  # the sentence comes later
        self._impact.setAccessibleDescription("What it would change")
        self._rested = QTimer(self, singleShot=True, interval=REST_MS)
        self._rested.timeout.connect(self.consider)
        self._pointed = ""
        self._take, buttons = self._buttons(verb)
        heading = QLabel(question)
        heading.setBuddy(self._edit)
        column = QVBoxLayout(self)
        for widget in (heading, self._hint, self._impact, self._edit, buttons):  # the list lies below the line
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

    def set_impact(self, text: str) -> None:
        """Say what the class would change; "" takes it back."""
        self._impact.setText(text or " ")

    def consider(self) -> None:
        self.considered.emit(self._pointed or self.label)

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
        completer.highlighted.connect(self._on_pointed)
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

    def _on_pointed(self, label: str) -> None:
        self._pointed = label
        self._rested.start()

    def _on_typed(self, text: str) -> None:
        label, self._pointed = text.strip(), ""
        self._rested.start()
        self.set_impact("")  # it was told of another class
        self._take.setEnabled(bool(label))
        self._hint.setText(self._hint_of(label))

    def _hint_of(self, label: str) -> str:
        """What would come of it: a new class, or one that swallows another."""
        if label in ("", self._preselected):
            return " "
        if label not in self._known:
            return "A new class"
        return f"{label} is there already: both become one class" if self._verb == "Rename" else " "
