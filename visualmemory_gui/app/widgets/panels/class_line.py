"""A line to type a class into: a few of its letters are enough."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Signal
from PySide6.QtWidgets import QCompleter, QLineEdit, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.label_match import ranked


class ClassLine(QLineEdit):
    """Lists the classes that have the letters typed.

    ``label`` is what Enter takes: by name, the first class that has the letters in the line; otherwise what is in the
    line, which may be a new class.
    """

    pointed = Signal(str)  # a class in the list

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: list[str] = []
        self._by_name = False
        self._offered = QStringListModel(self)
        self.setAccessibleName("Class")
        self.setMinimumWidth(theme.px(230))
        completer = QCompleter(self._offered, self)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.highlighted.connect(self.pointed)
        self.setCompleter(completer)
        self.textEdited.connect(self._offer)

    def start(self, labels: Sequence[str], *, by_name: bool, text: str = "") -> None:
        """Start over with these classes; ``text`` is in the line, selected."""
        self._labels, self._by_name = sorted(labels), by_name
        self._offered.setStringList(self._labels)
        self.setPlaceholderText("a few letters of a class" if by_name else "class or class/sub-class")
        self.setText(text)
        self.selectAll()

    def go_on_from(self, typed: str) -> None:
        """Put in the letters typed so far, and list the classes that have them."""
        self.setText(typed)  # the cursor is after it: typing goes on
        self._offer(typed)
        self.completer().complete()

    @property
    def label(self) -> str:
        """The class that Enter takes, "" if there is none."""
        text = self.text().strip()
        if not self._by_name or not text or text in self._labels:
            return text
        return next(iter(ranked(self._labels, text)), "")

    @property
    def hint(self) -> str:
        """What Enter would do, where the line does not say it."""
        if self._by_name and self.text().strip():
            return f"Enter takes {self.label}" if self.label else "No class has these letters; T adds a new one"
        return "A new class" if self.label and self.label not in self._labels else ""

    def _offer(self, text: str) -> None:
        self._offered.setStringList(ranked(self._labels, text))
