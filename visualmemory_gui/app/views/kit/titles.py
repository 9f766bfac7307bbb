"""Titles at the heads of pages and panels."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel


def title_of(text: str) -> QLabel:
    """A label with ``text`` as a title."""
    label = QLabel(text)
    label.setProperty("title", True)
    return label
