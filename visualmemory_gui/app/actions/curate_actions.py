"""What can be done in Curate: one table for its keys, its buttons, its context menu and the sheet of keys."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QAction

from visualmemory_gui.app.actions import action
from visualmemory_gui.app.actions.action import Spec, name
from visualmemory_gui.app.operations.edit import how_many

SPECS: tuple[Spec, ...] = (
    Spec("strike", "Strike out {}", "Take them out of every vote; nothing is erased", "close-circle-outline",
         ("X", "Del"), edits=True),
    Spec("restore", "Restore {}", "Give them their vote back", "restore", ("U",), edits=True),
    Spec("relabel", "Relabel {}…", "Give them another class", "tag-edit-outline", ("R",), edits=True),
    Spec("trust", "Set trust of {}…", "How much their votes count", "scale-unbalanced", (), edits=True),
    Spec("ask", "Decide this exemplar", "See how the memory decides it without itself", "scale-balance", ()),
    Spec("only", "Show only {}", "Leave the others out of the grid until you show all again", "filter-outline", ("O",)),
    Spec("invert", "Invert the selection", "Select what is not selected, and nothing else", "select-inverse",
         ("Ctrl+I",)),
    Spec("rename", "Rename class {}…", "Rename the class, or merge it into another", "form-textbox",
         ("F2",), edits=True),
    Spec("search", "Find", "Find in class, path or note", "magnify", ("Ctrl+F",)),
    Spec("larger", "Larger pictures", "Fewer of them in sight", "magnify-plus-outline", ("Ctrl++", "Ctrl+=")),
    Spec("smaller", "Smaller pictures", "More of them in sight", "magnify-minus-outline", ("Ctrl+-",)),
    Spec("forget", "Forget {} for good…", "Erase from disk and history; cannot be undone", "delete-forever-outline",
         ("Shift+Del",), edits=True),
)  # fmt: skip
GRID_KEYS: tuple[tuple[str, str], ...] = (
    ("Arrows, Home, End, Page", "Go through the exemplars; with Shift select, with Ctrl only go"),
    ("Ctrl+A / Esc", "Select all exemplars shown / none"),
    ("Space", "Large preview of the exemplar; arrows go on"),
    ("Return", "Decide the exemplar"),
)


@dataclass(frozen=True, slots=True)
class Targets:
    """What there is to act on."""

    active: int = 0
    struck: int = 0
    label: str | None = None
    writable: bool = True
    current: bool = False


def name_targets(made: dict[str, QAction], there: Targets) -> None:
    """Let every action name its target; those without one are off."""
    both = there.active + there.struck
    of = {
        "strike": how_many(there.active),
        "restore": how_many(there.struck),
        "relabel": how_many(both),
        "trust": how_many(both),
        "forget": how_many(both),
        "only": how_many(both),
        "rename": there.label or "",
    }
    on = {
        "strike": there.active > 0,
        "restore": there.struck > 0,
        "relabel": both > 0,
        "trust": both > 0,
        "forget": both > 0,
        "rename": there.label is not None,
        "ask": there.current,
        "only": both > 0,
    }
    for spec in SPECS:
        name(made[spec.id], spec, of.get(spec.id, ""), enabled=on.get(spec.id, True), readonly=not there.writable)


def key_sheet() -> list[tuple[str, str]]:
    """(keys, what they do) in this workspace."""
    return [*action.key_sheet(SPECS), *GRID_KEYS]
