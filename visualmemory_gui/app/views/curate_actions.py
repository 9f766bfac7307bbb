"""What can be done in Curate: one table for its keys, its buttons, its context menu and the sheet of keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.operations import exemplars


@dataclass(frozen=True, slots=True)
class Spec:
    """``id`` names the action and its handler; ``text`` has {} where the target stands."""

    id: str
    text: str
    tip: str
    icon: str
    keys: tuple[str, ...]


SPECS: tuple[Spec, ...] = (
    Spec("strike", "Strike out {}", "Take them out of every vote; nothing is erased", "close-circle-outline",
         ("X", "Del")),
    Spec("restore", "Restore {}", "Give them their vote back", "restore", ("U",)),
    Spec("relabel", "Relabel {}…", "Give them another class", "tag-edit-outline", ("R",)),
    Spec("trust", "Set trust of {}…", "How much their votes count", "scale-unbalanced", ()),
    Spec("ask", "Decide this exemplar", "See how the memory decides it without itself", "scale-balance", ()),
    Spec("only", "Show only {}", "Leave the others out of the grid until you show all again", "filter-outline", ("O",)),
    Spec("invert", "Invert the selection", "Select what is not selected, and nothing else", "select-inverse",
         ("Ctrl+I",)),
    Spec("rename", "Rename class {}…", "Rename the class, or merge it into another", "form-textbox", ("F2",)),
    Spec("search", "Find", "Find in class, path or note", "magnify", ("Ctrl+F",)),
    Spec("forget", "Forget {} for good…", "Erase from disk and history; cannot be undone", "delete-forever-outline",
         ("Shift+Del",)),
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


def build(parent: QWidget, handler_of: Callable[[str], Callable[[], object]]) -> dict[str, QAction]:
    """The actions, with keys that are heard while the keyboard is within ``parent``."""
    made: dict[str, QAction] = {}
    for spec in SPECS:
        action = QAction(parent)
        action.setObjectName(f"curate{spec.id.capitalize()}")
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        theme.set_icon(action, spec.icon)
        call = handler_of(spec.id)
        action.triggered.connect(lambda _checked=False, call=call: call())
        parent.addAction(action)
        made[spec.id] = action
    return made


def name_targets(made: dict[str, QAction], there: Targets) -> None:
    """Let every action name its target; those without one are off."""
    both = there.active + there.struck
    of = {
        "strike": exemplars(there.active),
        "restore": exemplars(there.struck),
        "relabel": exemplars(both),
        "trust": exemplars(both),
        "forget": exemplars(both),
        "only": exemplars(both),
        "rename": there.label or "",
    }
    on = {
        "strike": there.writable and there.active > 0,
        "restore": there.writable and there.struck > 0,
        "relabel": there.writable and both > 0,
        "trust": there.writable and both > 0,
        "forget": there.writable and both > 0,
        "rename": there.writable and there.label is not None,
        "ask": there.current,
        "only": both > 0,
    }
    for spec in SPECS:
        enabled = on.get(spec.id, True)
        text = spec.text.format(of.get(spec.id, "")) if enabled else spec.text.replace(" of {}", "").replace(" {}", "")
        made[spec.id].setEnabled(enabled)
        made[spec.id].setText(text)
        made[spec.id].setToolTip(f"{text.rstrip('…')}: {spec.tip}" + (f" ({spec.keys[0]})" if spec.keys else ""))


def key_sheet() -> list[tuple[str, str]]:
    """(keys, what they do) in this workspace."""
    own = [(" or ".join(spec.keys), spec.text.replace(" {}", "").rstrip("…")) for spec in SPECS if spec.keys]
    return [*own, *GRID_KEYS]
