"""Text as it is, where Qt would read "&" as the mark before a mnemonic: in menus, on buttons, on tabs."""

from __future__ import annotations

from PySide6.QtGui import QAction


def literal(text: str) -> str:
    """``text`` for a menu, a button or a tab, which then shows every "&" in it."""
    return text.replace("&", "&&")


def set_words(action: QAction, words: str) -> None:
    """Let ``action`` show ``words``."""
    action.setText(literal(words))


def words_of(action: QAction) -> str:
    """What ``action`` shows."""
    return action.text().replace("&&", "&")
