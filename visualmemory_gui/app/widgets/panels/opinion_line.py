"""The second opinion in a few lines below the vote, and the button that asks for it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme

MOST_REASON = 160


class OpinionLine(QWidget):
    """The lines. They take no room while second opinions are off."""

    ask_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence, self.reason, self.price = (_words(name) for name in ("Sentence", "Reason", "Price"))
        self.sentence.setAccessibleDescription("Second opinion")
        for label in (self.reason, self.price):
            label.setProperty("dim", True)
        self.ask = _button(
            "Ask for a second opinion…", "opinionAsk", "Have a model look at the query and its neighbours"
        )
        self.ask.clicked.connect(self.ask_requested)
        self.cancel = _button("Cancel", "opinionCancel", "Wait no longer")
        self.cancel.clicked.connect(self.cancel_requested)
        first = QHBoxLayout()
        first.addWidget(self.sentence, 1)
        first.addWidget(self.ask)
        first.addWidget(self.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(1))
        column.addLayout(first)
        column.addWidget(self.reason)
        column.addWidget(self.price)
        self.say("", on=False)

    def say(self, text: str, *, on: bool, waiting: bool = False, reason: str = "", price: str = "") -> None:
        """Show ``text``, the model's ``reason`` and what it took. ``on``: one can be asked for; ``waiting``: one is."""
        short = reason if len(reason) <= MOST_REASON else f"{reason[: MOST_REASON - 1]}…"
        for label, words in ((self.sentence, text), (self.reason, f"“{short}”" if short else ""), (self.price, price)):
            label.setText(words)
            label.setVisible(bool(words))
        self.reason.setToolTip(f"The model's own words: {reason}" if reason else "")
        self.ask.setText("Ask again…" if text else "Ask for a second opinion…")
        self.ask.setVisible(on and not waiting)
        self.cancel.setVisible(waiting)
        self.setVisible(on or bool(text))


def _words(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(f"opinion{name}")
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _button(text: str, name: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tip)
    return button
