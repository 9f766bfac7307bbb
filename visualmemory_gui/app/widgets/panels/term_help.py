"""A "?" beside a term that not everybody knows: pointing at it, or pressing it, says what the term means."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QToolTip

from visualmemory_gui.app import theme

SIDE_PT = 12.0


class TermHelp(QToolButton):
    """The "?" of ``term``. ``text`` is one or two sentences; "" hides it until ``explain`` has some."""

    def __init__(self, term: str, text: str = "") -> None:
        super().__init__()
        self.setText("?")
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedSize(theme.px(SIDE_PT), theme.px(SIDE_PT))
        self.setAccessibleName(f"What “{term}” means")
        self._take(text)
        if not text:
            self.hide()
        self.clicked.connect(self.on_clicked)

    def explain(self, text: str) -> None:
        """Say ``text`` from now on; without one there is nothing to ask, and it is hidden."""
        self._take(text)
        self.setVisible(bool(text))

    def _take(self, text: str) -> None:
        self.setToolTip(text)
        self.setAccessibleDescription(text)

    def on_clicked(self) -> None:
        """Say it at once, for the keyboard too."""
        QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), self.toolTip(), self)
