"""What the pages share that show an edit before it is made: dim labels, and why it cannot be applied."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from visualmemory_gui.app.models.preview import PreviewModel


def dim_label(text: str = "", *, middle: bool = False) -> QLabel:
    label = QLabel(text)
    label.setProperty("dim", True)
    label.setWordWrap(len(text) == 0)
    if middle:
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label


def why_not(model: PreviewModel, refused: str = "") -> str:
    """Why there is nothing to apply, in a few words; empty where there is. ``refused`` is what the finding itself says
    against it."""
    if model.looking:
        return "It can be applied when the look is over; Cancel in the status bar stops it."
    if model.found is None:
        return "There is nothing to apply yet."
    if not model.writable:
        return "This memory is open for reading only."
    if model.stale:
        return "The memory was edited since; look again."
    return f"{refused[:1].upper()}{refused[1:]}." if refused else ""
