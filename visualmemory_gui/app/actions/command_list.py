"""The commands of the window as the palette lists them, collected from the actions of every table."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QTabWidget, QWidget

from visualmemory_gui.app.actions.action import PLACE, REFUSAL
from visualmemory_gui.app.models.commands import PaletteCommand
from visualmemory_gui.app.models.literal_text import words_of

WORKSPACE = "workspace"  # with what the objectName of a workspace begins


def commands_of(window: QWidget) -> Iterator[PaletteCommand]:
    """Each action of a table, as it is now; without the one that opens the list."""
    for action in window.findChildren(QAction):
        if action.property(REFUSAL) is not None and action.objectName() != "actionPalette":
            yield _command(window, action)


def _command(window: QWidget, action: QAction) -> PaletteCommand:
    page, place = action.parent(), action.property(PLACE) or _place(action)
    hidden = isinstance(page, QWidget) and page is not window and not page.isVisible()
    return PaletteCommand(
        text=words_of(action).rstrip("…") or action.objectName(),
        tip=action.toolTip(),
        keys=_keys(action),
        place=place,
        refusal=f"Only where it is shown: {place}." if hidden else str(action.property(REFUSAL)),
        call=action.trigger,
    )


def _keys(action: QAction) -> str:
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)


def _place(action: QAction) -> str:
    """The workspace and the tab that the action's page is in, "" for an action of the whole window."""
    names: list[str] = []
    at = action.parent()
    while at is not None and not at.objectName().startswith(WORKSPACE):
        stack = at.parent()
        tabs = stack.parent() if stack is not None else None
        if isinstance(at, QWidget) and isinstance(tabs, QTabWidget) and tabs.indexOf(at) >= 0:
            names.append(tabs.tabText(tabs.indexOf(at)).partition(" (")[0])  # without the count
        at = stack
    return " › ".join([at.objectName().removeprefix(WORKSPACE), *names]) if at is not None else ""
