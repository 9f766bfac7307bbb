"""Context menus made of actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget


def empty_menu(parent: QWidget) -> QMenu:
    """An empty menu, deleted when it closes."""
    menu = QMenu(parent)
    menu.setToolTipsVisible(True)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def menu_of(parent: QWidget, actions: Mapping[str, QAction], names: Sequence[str | None]) -> QMenu:
    """The menu of the actions with these names; None is a line between them."""
    menu = empty_menu(parent)
    for name in names:
        if name is None:
            menu.addSeparator()
        else:
            menu.addAction(actions[name])
    return menu
