"""A sentence on what would change the decision, and *Preview* to see it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget


class FlipLine(QWidget):
    """The line. It takes no room while it is empty."""

    preview_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = QLabel()
        self.sentence.setObjectName("flipSentence")
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setAccessibleDescription("What would change this decision")
        self.preview = QPushButton("Preview…")
        self.preview.setObjectName("flipPreview")
        self.preview.setToolTip("See which exemplars would be struck, and what else that would change")
        self.preview.clicked.connect(self.preview_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.preview, 0, Qt.AlignmentFlag.AlignTop)
        self.say("", strikes=False)

    def say(self, text: str, *, strikes: bool) -> None:
        """Show ``text``. ``strikes``: there is a set of strikes to preview."""
        self.sentence.setText(text)
        self.preview.setVisible(strikes)
        self.setVisible(bool(text))
