"""Buttons that stand for an action: the same words, the same on and off."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton

LONGEST = 26  # characters


def action_button(name: str, *, primary: bool = False) -> QPushButton:
    button = QPushButton()
    button.setObjectName(name)
    button.setProperty("primary", primary)
    return button


def bind(button: QPushButton, action: QAction) -> None:
    """Let ``button`` trigger ``action`` and look as it does."""

    def follow() -> None:
        button.setText(shortened(action.text()).replace("&", "&&"))
        button.setToolTip(action.toolTip())
        button.setAccessibleName(action.text())
        button.setEnabled(action.isEnabled())

    button.clicked.connect(lambda: action.trigger())
    action.changed.connect(follow)
    follow()


def shortened(text: str, longest: int = LONGEST) -> str:
    """Cut in the middle: both the verb and the end of a label's path stay."""
    if len(text) <= longest:
        return text
    return text[: longest // 2 - 1] + "…" + text[-(longest // 2) :]
