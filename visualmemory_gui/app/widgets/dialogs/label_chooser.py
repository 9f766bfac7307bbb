"""Asks for a class: type it or a few of its letters, Enter takes it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog
from visualmemory_gui.app.widgets.panels.class_line import ClassLine

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
        self._edit = self._line(preselected, typed)
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
        self._take, buttons = self.verb_or_cancel(verb)
        heading = QLabel(question)
        heading.setBuddy(self._edit)
        column = QVBoxLayout(self)
        for widget in (heading, self._hint, self._impact, self._edit, buttons):  # the list is below the line
            column.addWidget(widget)
        self._on_typed(self._edit.text())
        if typed:
            self._edit.go_on_from(typed)

    @property
    def label(self) -> str:
        """The class that Enter takes, "" if there is none."""
        return self._edit.label

    def set_impact(self, text: str) -> None:
        """Say what the class would change; "" clears that."""
        self._impact.setText(text or " ")

    @property
    def proposed(self) -> str:
        """The class whose impact is asked for: the one pointed at in the list, else that in the line."""
        return self._pointed or self.label

    def propose(self) -> None:
        self.label_proposed.emit(self.proposed)

    def accept(self) -> None:
        if self.label and self.isVisible():  # Enter arrives from the line, and again from the button
            self.chosen.emit(self.label)
            super().accept()

    def _line(self, preselected: str, typed: str | None) -> ClassLine:
        line, by_name = ClassLine(), typed is not None
        line.start(self._labels, by_name=by_name, text="" if by_name else preselected)
        if by_name:
            line.returnPressed.connect(self.accept)
        line.pointed.connect(self._on_pointed)
        line.textChanged.connect(self._on_typed)
        return line

    def _on_pointed(self, label: str) -> None:
        self._pointed = label
        self._rested.start()

    def _on_typed(self, text: str) -> None:
        self._pointed = ""
        self._rested.start()
        self.set_impact("")  # it was about another class
        self._take.setEnabled(bool(self.label))
        self._hint.setText(self._hint_of(text.strip()) or " ")

    def _hint_of(self, label: str) -> str:
        """What would result: an existing class, a new class, or a merger of two."""
        merges = self._verb == "Rename" and label in self._labels and label != self._preselected
        if merges:
            return f"{label} already exists: both become one class"
        return "" if label == self._preselected else self._edit.hint
