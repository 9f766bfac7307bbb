"""Everything that the window can be told to do, in one table: menus, tool bar, keys and the key sheet come from it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Literal

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.refused_keys import EDITS
from visualmemory_gui.app.operations.edit import how_many

WHY_OFF = "Off: this memory is open for reading only"
Scope = Literal["window", "decide"]


@dataclass(frozen=True, slots=True)
class Spec:
    """One action. ``id`` is also its object name, ``handler`` the method that does it.

    ``needs`` says what must be there for it to be on: "memory", "writable", "query", "winner" (of a query that is not
    in the memory), "selection", "struck", "trail" (another query led here), "queue", "queued", "certain", "undo",
    "redo". ``scope`` is the workspace whose keys they are.
    """

    id: str
    text: str
    tip: str
    icon: str
    keys: tuple[str, ...]
    handler: str
    needs: tuple[str, ...] = ()
    scope: Scope = "window"
    argument: int | None = None
    checkable: bool = False


def _digit(n: int) -> Spec:
    return Spec(
        f"actionDigit{n}",
        f"Teach the query as class {n}",
        "The digits stand on the chips of the classes; after R they relabel the selected neighbours",
        f"numeric-{n}-box-outline",
        (str(n),),
        "on_digit",
        ("memory",),
        "decide",
        n,
    )


ACTIONS: tuple[Spec, ...] = (
    Spec("actionOpen", "Open", "Open a memory", "folder-open-outline", ("Ctrl+O",), "open_memory"),
    Spec("actionBundle", "Open bundle…", "Make a memory from a bundle, one file NAME.vmemz", "package-variant",
         ("Ctrl+Shift+O",), "choose_bundle"),
    Spec(
        "actionNew", "New from folder", "Make a memory from a folder of pictures", "folder-plus-outline", ("Ctrl+N",),
        "new_from_folder",
    ),
    Spec(
        "actionAdd", "Add images", "Add pictures of a folder to this memory", "image-plus-outline", ("Ctrl+Shift+A",),
        "add_images", ("writable",),
    ),
    Spec("actionExport", "Export", "Write the memory to a file or a folder", "export-variant", ("Ctrl+E",), "export",
         ("memory",)),
    Spec("actionOriginals", "Find originals…", "Look which linked pictures were moved, and say where they are now",
         "image-broken-variant", ("Ctrl+Shift+F",), "find_originals", ("memory",)),
    Spec("actionUndo", "Undo", "Undo the last edit", "undo", ("Ctrl+Z",), "undo", ("undo",)),
    Spec("actionRedo", "Redo", "Redo what was undone", "redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", ("redo",)),
    Spec("actionDecide", "Decide", "Decide pictures and see why", "scale-balance", ("Ctrl+1",), "show_decide",
         ("memory",), checkable=True),
    Spec("actionCurate", "Curate", "Look through the memory and mend it", "view-grid-outline", ("Ctrl+2",),
         "show_curate", ("memory",), checkable=True),
    Spec("actionStudy", "Study", "See how well the memory decides, and what would mend it", "chart-line", ("Ctrl+3",),
         "show_study", ("memory",), checkable=True),
    Spec("actionQuery", "Decide pictures…", "Choose pictures to decide", "image-search-outline", ("Ctrl+D",),
         "choose_query", ("memory",), "decide"),
    Spec("actionPaste", "Paste", "Decide the picture on the clipboard", "content-paste", ("Ctrl+V",), "paste",
         ("memory",), "decide"),
    Spec("actionTeach", "Teach as…", "Add the query to the memory under a class of your choice", "school-outline",
         ("T",), "teach", ("writable", "query"), "decide"),
    Spec("actionTeachByName", "Teach by name…", "Type some letters of a class; Enter takes the first that has them",
         "form-textbox", ("/",), "teach_by_name", ("writable", "query"), "decide"),
    Spec("actionConfirm", "Confirm", "Add the query to the memory under the class that won", "check",
         ("Ctrl+Return", "Ctrl+Enter"), "confirm", ("writable", "winner"), "decide"),
    Spec("actionWatch", "Watch…", "Follow this decision across edits: say what it ought to be", "eye-outline", ("W",),
         "watch", ("writable", "query"), "decide"),
    Spec("actionReport", "Report…", "Write this decision and its reasons as a page or a picture to hand to someone",
         "file-document-outline", (), "report", ("query",), "decide"),
    Spec("actionStrike", "Strike out", "Take the selected neighbours out of every vote; nothing is erased",
         "close-circle-outline", ("X", "Del"), "strike", ("writable", "selection"), "decide"),
    Spec("actionRestore", "Restore", "Give the selected struck neighbours their vote back", "restore", ("U",),
         "restore", ("writable", "struck"), "decide"),
    Spec("actionLeaveOut", "Only for this query", "See what this query is without the selected neighbours; the memory "
         "stays as it is", "eye-off-outline", ("O",), "leave_out", ("selection",), "decide"),
    Spec("actionBack", "Back", "Back to the query whose neighbour this is", "arrow-left", ("Alt+Left",), "go_back",
         ("trail",), "decide"),
    Spec("actionRelabel", "Relabel…", "Then a digit for the class, or R again for the list of classes",
         "tag-edit-outline", ("R",), "relabel", ("writable", "selection"), "decide"),
    Spec("actionTrust", "Set trust…", "How much the votes of the selected neighbours count", "scale-unbalanced", (),
         "set_trust", ("writable", "selection"), "decide"),
    Spec("actionAsk", "Decide this exemplar", "Make the selected neighbour the query", "image-search-outline",
         ("Return",), "ask_selected", ("selection",), "decide"),
    Spec("actionQueue", "Queue", "Show or hide the pictures that wait to be taught", "tray-full", ("Ctrl+Shift+Q",),
         "toggle_queue", ("queue",), "decide", checkable=True),
    Spec("actionConfirmAll", "Confirm all certain…", "Teach the certain pictures of the queue as they are decided",
         "check-all", ("Ctrl+Shift+Return",), "confirm_all", ("writable", "certain"), "decide"),
    Spec("actionQueueExport", "Export CSV…", "Write the queue and its decisions as a table", "table-arrow-right",
         ("Ctrl+Shift+E",), "export_queue", ("queue",), "decide"),
    Spec("actionQueueRemove", "Take out", "Take the selected pictures out of the queue; the memory stays as it is",
         "tray-minus", ("Backspace",), "remove_queued", ("writable", "queued"), "decide"),
    Spec("actionQueueClear", "Empty the queue…", "Take all pictures out of the queue; the memory stays as it is",
         "tray-remove", (), "clear_queue", ("writable", "queue"), "decide"),
    Spec("actionSelectAll", "Select all neighbours", "Select every card", "select-all", ("Ctrl+A",), "select_all",
         ("query",), "decide"),
    Spec("actionClose", "Let go", "Close the note, stop relabelling, clear the selection", "close", ("Esc",),
         "let_go", (), "decide"),
    *(_digit(n) for n in range(1, 10)),
    Spec("actionTheme", "Light or dark", "Change between the light and the dark look", "theme-light-dark",
         ("Ctrl+Shift+L",), "toggle_theme"),
    Spec("actionSettings", "Settings…", "What the memory decides with, and how the window looks", "cog-outline",
         ("Ctrl+,",), "show_settings"),
    Spec("actionQuit", "Quit", "Close the window; every edit is on disk already", "exit-to-app", ("Ctrl+Q",), "quit"),
    Spec("actionKeys", "Keys", "Show all keys", "keyboard-outline", ("?", "F1"), "show_keys"),
)  # fmt: skip

TOOL_BAR: tuple[str | None, ...] = (
    "actionOpen", "actionNew", "actionAdd", "actionExport", None, "actionUndo", "actionRedo", None, "actionDecide",
    "actionCurate", "actionStudy", None, "actionQueue",
)  # fmt: skip
TOOL_BAR_RIGHT = ("actionKeys", "actionTheme", "actionSettings")
ON_QUEUE = ("actionConfirmAll", "actionQueueExport", "actionQueueRemove", "actionQueueClear")
ON_CARDS = ("actionStrike", "actionLeaveOut", "actionRestore", "actionRelabel", "actionTrust", "actionAsk")
SPECS = {spec.id: spec for spec in ACTIONS}


def edits(spec: Spec) -> bool:
    """Whether the action changes the memory."""
    return not {"writable", "undo", "redo"}.isdisjoint(spec.needs)


def is_on(spec: Spec, facts: Collection[str], workspace: str) -> bool:
    """Whether the action can be used now. Keys of one workspace are off in the others, which may use them."""
    return all(need in facts for need in spec.needs) and spec.scope in ("window", workspace)


def texts(
    *,
    winner: str | None,
    own: bool = False,
    level: bool = False,
    selected: int,
    struck: int,
    queued: int = 0,
    waiting: int = 0,
    certain: int = 0,
    back: str | None = None,
    undo: str | None,
    redo: str | None,
) -> dict[str, str]:
    """What the actions with a target say now: they name it, so that none is ever guessed.

    ``own``: the query is an exemplar of the memory, which teaching would relabel. ``level``: the decision is between
    shorter labels than ``winner``, the full one that would be taught. ``queued`` pictures of the queue are selected, of
    ``waiting``; ``certain`` can be confirmed. ``back`` is the query that led here.
    """
    teach = f"Teach {queued:,} pictures as…" if queued > 1 else SPECS["actionTeach"].text
    confirm = f"Confirm{' as' if level else ''} {winner}" if winner else "Confirm"
    return {
        "actionTeach": "Relabel as…" if own else teach,
        "actionConfirm": f"Confirm {queued:,} as decided" if queued > 1 else confirm,
        "actionQueue": f"Queue ({waiting:,})" if waiting else "Queue",
        "actionConfirmAll": f"Confirm all {certain:,} certain…" if certain else "Confirm all certain…",
        "actionQueueRemove": f"Take out {queued:,}" if queued else "Take out",
        "actionStrike": f"Strike out {how_many(selected)}" if selected else "Strike out",
        "actionRestore": f"Restore {how_many(struck)}" if struck else "Restore",
        "actionRelabel": f"Relabel {how_many(selected)}…" if selected else "Relabel…",
        "actionTrust": f"Set trust of {how_many(selected)}…" if selected else "Set trust…",
        "actionLeaveOut": f"Leave {how_many(selected)} out of this query only" if selected else "Only for this query",
        "actionBack": f"Back to {back}" if back else "Back",
        "actionUndo": f"Undo: {undo}" if undo else "Undo",
        "actionRedo": f"Redo: {redo}" if redo else "Redo",
    }


def build(parent: QWidget, handler_of: Callable[[str], Callable[..., object]]) -> dict[str, QAction]:
    """Make all actions, as children of ``parent``; each calls the handler its row names."""
    made: dict[str, QAction] = {}
    for spec in ACTIONS:
        action = QAction(spec.text, parent)
        action.setIconText(spec.text)
        action.setCheckable(spec.checkable)
        action.setObjectName(spec.id)
        action.setProperty(EDITS, edits(spec))
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        action.setToolTip(tip_of(spec))
        theme.set_icon(action, spec.icon)
        handler = handler_of(spec.handler)
        call = handler if spec.argument is None else partial(handler, spec.argument)
        action.triggered.connect(_without_checked(call))
        parent.addAction(action)
        made[spec.id] = action
    return made


def tip_of(spec: Spec, *, readonly: bool = False) -> str:
    """ "Undo the last edit (Ctrl+Z)"; and why it is off where the memory can only be read."""
    tip = f"{spec.tip} ({spec.keys[0]})" if spec.keys else spec.tip
    return f"{tip}\n{WHY_OFF}" if readonly and edits(spec) else tip


def key_sheet() -> list[tuple[str, str]]:
    """(keys, what they do) of every action that has keys; the digits as one row."""
    rows = [
        (" or ".join(spec.keys), f"{spec.text.rstrip('…')}: {spec.tip[0].lower()}{spec.tip[1:]}")
        for spec in ACTIONS
        if spec.keys and spec.argument is None
    ]
    digits = [spec.keys[0] for spec in ACTIONS if spec.argument is not None]
    rows.append(("Any letter but T", "In the queue: the first letter of the class to teach, as after /; no command"))
    rows.append(("Space", "Large picture of the card; arrows go on, Esc closes it"))
    rows.append((f"{digits[0]} to {digits[-1]}", "Teach the query as that class; after R: relabel the selection"))
    return rows


def _without_checked(call: Callable[..., object]) -> Callable[[bool], None]:
    def run(_checked: bool = False) -> None:
        call()

    return run
