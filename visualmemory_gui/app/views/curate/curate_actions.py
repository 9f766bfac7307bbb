"""The actions of Curate: one table for its keys, buttons, context menu and key sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction

from visualmemory_gui.app.actions import action
from visualmemory_gui.app.actions.action import Action, Fact, show_targets
from visualmemory_gui.app.actions.exemplar_actions import ASK, COMPARE, ON_ORIGINAL, RELABEL, RESTORE, SET_TRUST, STRIKE
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.app.views.curate.curate_view import CurateView

ACTIONS: tuple[Action[CurateView], ...] = (
    STRIKE,
    RESTORE,
    RELABEL,
    SET_TRUST,
    ASK,
    COMPARE,
    *ON_ORIGINAL,
    Action("only", "Show only {}", "Hide the others in the grid until you show all again", "filter-outline",
           lambda view: view.only(), ("O",), ("selection",)),
    Action("invert", "Invert the selection", "Select what is not selected, and nothing else", "select-inverse",
           lambda view: view.invert(), ("Ctrl+I",)),
    Action("rename", "Rename class {}…", "Rename the class, or merge it into another", "form-textbox",
           lambda view: view.rename(), ("F2",), ("writable", "class")),
    Action("merge", "Merge class {} into…", "Give its exemplars the label of another class", "call-merge",
           lambda view: view.merge(), (), ("writable", "class")),
    Action("below", "New class below {}…", "Choose the first images of a new class below this one",
           "file-tree-outline", lambda view: view.new_below(), (), ("writable", "class")),
    Action("export_class", "Export class {}…", "Write it, with the classes below it, to a file or a folder",
           "export-variant", lambda view: view.export_class(), (), ("class",)),
    Action("strike_class", "Strike out class {}", "Take all of its exemplars out of every vote; nothing is erased",
           "close-circle-multiple-outline", lambda view: view.strike_class(), (), ("writable", "class")),
    Action("forget_class", "Forget class {} for good…", "Erase all of its exemplars from disk and history",
           "delete-sweep-outline", lambda view: view.forget_class(), (), ("writable", "class")),
    Action("search", "Find", "Find in class, path or note", "magnify",
           lambda view: view.search(), ("Ctrl+F",)),
    Action("larger", "Larger images", "Show fewer at a time", "magnify-plus-outline",
           lambda view: view.resize_images(1), ("Ctrl++", "Ctrl+=")),
    Action("smaller", "Smaller images", "Show more at a time", "magnify-minus-outline",
           lambda view: view.resize_images(-1), ("Ctrl+-",)),
    Action("forget", "Forget {} for good…", "Erase from disk and history; cannot be undone", "delete-forever-outline",
           lambda view: view.forget(), ("Shift+Del",), ("writable", "selection")),
)  # fmt: skip
GRID_KEYS: tuple[tuple[str, str], ...] = (
    ("Arrows, Home, End, Page", "Move through the exemplars; Shift selects a range, Ctrl only moves"),
    ("Ctrl+A / Esc", "Select all exemplars shown / none"),
    ("Space", "Large preview of the exemplar; arrows move on"),
    ("Return", "Decide the exemplar"),
)


@dataclass(frozen=True, slots=True)
class Targets:
    """What Curate offers to act on."""

    active: int = 0
    struck: int = 0
    label: str | None = None
    writable: bool = True
    current: bool = False


def name_targets(made: dict[str, QAction], there: Targets) -> None:
    """Let every action name its target; those without one are disabled."""
    both = there.active + there.struck
    targets = {
        "strike": how_many(there.active),
        "restore": how_many(there.struck),
        **dict.fromkeys((each.id for each in ACTIONS if "class" in each.needs), there.label or ""),
        **dict.fromkeys(("relabel", "trust", "forget", "only"), how_many(both)),
    }
    facts: dict[Fact, bool] = {
        "active": there.active > 0,
        "struck": there.struck > 0,
        "selection": both > 0,
        "class": there.label is not None,
        "one": there.current,
        "two": both == 2,
    }
    show_targets(made, ACTIONS, facts, targets, readonly=not there.writable)


def key_sheet() -> list[tuple[str, str]]:
    """(keys, what they do) in this workspace."""
    return [*action.key_sheet(ACTIONS), *GRID_KEYS]
