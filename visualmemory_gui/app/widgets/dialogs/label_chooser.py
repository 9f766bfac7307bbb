"""Asks for a class: type it or a few of its letters, Enter takes it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Qt, QTimer, Signal
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
from visualmemory_gui.app.models.label_match import ranked
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog

REST_MS = 150  # without a key press


class LabelChooser(FittingDialog):
    """Use ``open()``; ``chosen`` reports the accepted class. ``question`` names what will be labelled.

    With ``typed``, the letters typed so far, Enter takes the first class that has the letters in the line;
    without it, what is in the line, which may be a new class.
    """

    chosen = Signal(str)
    label_proposed = Signal(str)  # what has been in the line, or pointed at in the list, for a moment

    def __init__(
        self,
        parent: QWidget | None,
        *,
        question: str,
        labels: Sequence[str],
        preselected: str = "",
        verb: str = "Teach",
        typed: str | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("labelChooser")
        self.setWindowTitle(verb)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._labels, self._preselected, self._verb = sorted(labels), preselected, verb
        self._by_name = typed is not None
        self._offered = QStringListModel(self._labels, self)
        self._edit = self._line_edit("" if self._by_name else preselected)
        self._hint = QLabel()
        self._hint.setProperty("dim", True)
        self._hint.setWordWrap(True)
        self._impact = QLabel(" ")
        self._impact.setProperty("dim", True)
        self._impact.setWordWrap(True)
        self._impact.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._impact.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 2)  # the sentence arrives later
        self._impact.setAccessibleDescription("What it would change")
        self._rested = QTimer(self, singleShot=True, interval=REST_MS)
        self._rested.timeout.connect(self.propose)
        self._pointed = ""
        self._take, buttons = self._buttons(verb)
        heading = QLabel(question)
        heading.setBuddy(self._edit)
        column = QVBoxLayout(self)
        for widget in (heading, self._hint, self._impact, self._edit, buttons):  # the list is below the line
            column.addWidget(widget)
        self._on_typed(self._edit.text())
        if typed:
            self._edit.setText(typed)  # the cursor is after it: typing goes on
            self._offer(typed)
            self._edit.completer().complete()

    @property
    def label(self) -> str:
        """The class that Enter takes, "" if there is none."""
        text = self._edit.text().strip()
        if not self._by_name or not text or text in self._labels:
            return text
        return next(iter(ranked(self._labels, text)), "")

    def set_impact(self, text: str) -> None:
        """Say what the class would change; "" clears that."""
        self._impact.setText(text or " ")

    def propose(self) -> None:
        self.label_proposed.emit(self._pointed or self.label)

    def accept(self) -> None:
        if self.label and self.isVisible():  # Enter arrives from the line, and again from the button
            self.chosen.emit(self.label)
            super().accept()

    def _line_edit(self, preselected: str) -> QLineEdit:
        edit = QLineEdit(preselected)
        edit.setAccessibleName("Class")
        edit.setPlaceholderText("a few letters of a class" if self._by_name else "class or class/sub-class")
        edit.setMinimumWidth(theme.px(230))
        completer = QCompleter(self._offered, edit)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        edit.setCompleter(completer)
        edit.textEdited.connect(self._offer)
        if self._by_name:
            edit.returnPressed.connect(self.accept)
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

    def _offer(self, text: str) -> None:
        """List the classes that contain the letters of ``text``."""
        self._offered.setStringList(ranked(self._labels, text))

    def _on_pointed(self, label: str) -> None:
        self._pointed = label
        self._rested.start()

    def _on_typed(self, text: str) -> None:
        self._pointed = ""
        self._rested.start()
        self.set_impact("")  # it was about another class
        self._take.setEnabled(bool(self.label))
        self._hint.setText(self._hint_of(text.strip()))

    def _hint_of(self, label: str) -> str:
        """What would result: an existing class, a new class, or a merger of two."""
        if self._by_name and label:
            return f"Enter takes {self.label}" if self.label else "No class has these letters; T adds a new one"
        if label in ("", self._preselected):
            return " "
        if label not in self._labels:
            return "A new class"
        return f"{label} already exists: both become one class" if self._verb == "Rename" else " "
