"""One line on what an edit would do, before it is made; *Show* lists the decisions."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from visualmemory_gui.app import theme

ONE_LINE_PT = 450.0  # as wide as most of what it says


class ImpactLine(QWidget):
    """The line, or two where it is narrow. It keeps its height while it is empty, so that nothing below it moves."""

    show_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("impactLine")
        self.label = QLabel()
        self.label.setProperty("dim", True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setWordWrap(True)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.show_button = QToolButton()
        self.show_button.setText("Show")
        self.show_button.setAccessibleName("Show the decisions that would change")
        self.show_button.setAutoRaise(True)
        self.show_button.clicked.connect(self.show_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.label, 1)
        row.addWidget(self.show_button)
        keeps = self.show_button.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self.show_button.setSizePolicy(keeps)
        self.say("", shows=False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        lines = 1 if self.width() >= theme.px(ONE_LINE_PT) else 2
        self.label.setFixedHeight(lines * self.label.fontMetrics().lineSpacing())

    def say(self, text: str, *, shows: bool) -> None:
        """Show ``text``. ``shows``: there is something for *Show* to list."""
        self.label.setText(text)
        self.label.setToolTip(text)
        self.setAccessibleName(text or "What an edit would change")
        self.show_button.setVisible(shows)
