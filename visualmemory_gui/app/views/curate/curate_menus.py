"""The context menus of Curate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from visualmemory_gui.app.actions.exemplar_actions import NAMES_ON_ORIGINAL
from visualmemory_gui.app.models.literal_text import literal
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.menus import menu_of

ON_EXEMPLARS = (
    *("strike", "restore", None, "relabel", "trust", "ask", "compare", None, *NAMES_ON_ORIGINAL, None),
    *("only", "invert", None, "forget"),
)
ON_CLASS = ("rename", "merge", "below", None, "export_class", None, "strike_class")


def of_class(parent: QWidget, session: Session, label: str, actions: Mapping[str, QAction]) -> QMenu:
    """The menu of a class. Forget is at its end, away from strike."""
    menu, given = menu_of(parent, actions, ON_CLASS), session.class_keys.keys
    keys = menu.addMenu("Key")
    mine = next((digit for digit, path in given.items() if path == label), None)
    for digit in (*range(1, 10), None):
        words = "None" if digit is None else f"{digit}  {given[digit]}" if digit in given else str(digit)
        choice = keys.addAction(literal(words), partial(exemplars.give_key, session, label, digit))
        choice.setCheckable(True)
        choice.setChecked(digit == mine)
    keys.setEnabled(session.memory is not None and not session.readonly)
    menu.addSeparator()
    menu.addAction(actions["forget_class"])
    return menu


def of_exemplars(parent: QWidget, actions: Mapping[str, QAction]) -> QMenu:
    """The menu of the selection. Forget is at its end, away from strike."""
    return menu_of(parent, actions, ON_EXEMPLARS)
