"""The base of every page of Study: a panel under one tab that makes its requests by signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Never

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QLabel, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.action import Action, key_sheet

ALONE_SIDE_PT = 120.0  # left and right of a text in the middle of a page


class StudyPage(QFrame):
    """A page of Study. ``title`` is that of its tab, ``specs`` its own actions.

    ``query_chosen`` asks Decide for an image, ``exemplars_chosen`` asks Curate to show exemplars alone,
    ``folder_wanted`` asks the user for a folder.
    """

    title: ClassVar[str]
    specs: ClassVar[Sequence[Action[Never]]] = ()
    query_chosen = Signal(object)  # a Query, or the id of an exemplar
    exemplars_chosen = Signal(str, object)  # what they have in common, and their ids (n,) increasing
    folder_wanted = Signal(str, object)  # the question, and the function to call with the answer

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)

    def begin(self) -> None:
        """React to the page being shown: start what it needs, unless that is done."""

    def take_keys(self) -> None:
        """React to a click on the page's tab: give the keyboard to what the page is about, if it has keys."""

    def key_sheet(self) -> list[tuple[str, str]]:
        """(keys, what they do) on this page."""
        return key_sheet(self.specs)


def dim_label(text: str = "", *, middle: bool = False) -> QLabel:
    """A label in the dim colour; one that is filled later wraps its lines."""
    label = QLabel(text)
    label.setProperty("dim", True)
    label.setWordWrap(len(text) == 0)
    if middle:
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label


def explain(column: QBoxLayout, label: QLabel, *, alone: bool) -> None:
    """Place ``label``, which says what a page is for: in its middle while it is empty, else above its content."""
    label.setAlignment(Qt.AlignmentFlag.AlignCenter if alone else Qt.AlignmentFlag.AlignLeft)
    side = theme.px(ALONE_SIDE_PT) if alone else 0
    label.setContentsMargins(side, 0, side, 0)
    column.setStretchFactor(label, 1000 if alone else 0)
