"""Everything the window can do, in one table from which menus, tool bar, keys and key sheet are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app.actions import action
from visualmemory_gui.app.actions.action import Action
from visualmemory_gui.app.actions.decide_commands import DecideCommands
from visualmemory_gui.app.actions.memory_commands import MemoryCommands
from visualmemory_gui.app.actions.opinion_commands import OpinionCommands
from visualmemory_gui.app.actions.reason_commands import ReasonCommands
from visualmemory_gui.app.actions.settings_commands import SettingsCommands
from visualmemory_gui.app.operations import clipboard, exemplars, history, originals
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.text.visible_text import how_many


class Window(Protocol):
    """What only the window itself can do."""

    def show_workspace(self, name: str) -> None: ...
    def show_hints(self) -> None: ...
    def show_keys(self) -> None: ...
    def show_notes(self) -> None: ...
    def show_palette(self) -> None: ...
    def let_go(self) -> None: ...
    def show_similar_to_query(self) -> None: ...
    def close(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Commands:
    """The objects that carry out the actions of the table."""

    session: Session
    window: Window
    memory: MemoryCommands
    decide: DecideCommands
    reasons: ReasonCommands
    opinion: OpinionCommands
    settings: SettingsCommands


def _digit(n: int) -> Action[Commands]:
    return Action(
        f"actionDigit{n}",
        f"Teach the query as class {n}",
        "The class chips show their digits; after R a digit relabels the selected neighbours",
        f"numeric-{n}-box-outline",
        lambda c: c.decide.on_digit(n),
        (str(n),),
        ("memory",),
        "decide",
    )


DIGITS = tuple(_digit(n) for n in range(1, 10))
ACTIONS: tuple[Action[Commands], ...] = (
    Action("actionOpen", "Open", "Open a memory", "folder-open-outline", lambda c: c.memory.open_memory(),
           ("Ctrl+O",)),
    Action("actionBundle", "Open bundle…", "Make a memory from a bundle, one file NAME.vmemz", "package-variant",
           lambda c: c.memory.choose_bundle(), ("Ctrl+Shift+O",)),
    Action("actionShared", "Open shared memory…", "Open a memory on a Milvus server, by its address", "server-network",
           lambda c: c.memory.open_shared(), ("Ctrl+Shift+M",)),
    Action("actionNew", "New from folder", "Make a memory from a folder of images", "folder-plus-outline",
           lambda c: c.memory.new_from_folder(), ("Ctrl+N",)),
    Action("actionAdd", "Add images", "Add images of a folder to this memory", "image-plus-outline",
           lambda c: c.memory.add_images(), ("Ctrl+Shift+A",), ("writable",)),
    Action("actionExport", "Export", "Write the memory to a file or a folder", "export-variant",
           lambda c: c.memory.export(), ("Ctrl+E",), ("memory",)),
    Action("actionPull", "Pull a sample…", "Make a memory on this computer of a part of the shared one",
           "tray-arrow-down", lambda c: c.memory.pull_sample(), (), ("memory", "shared")),
    Action("actionReembed", "Re-embed…", "Make the same memory under another encoder, and compare the two",
           "vector-difference", lambda c: c.memory.reembed(), (), ("memory", "whole")),
    Action("actionOriginals", "Find originals…", "Check which linked images have moved, and say where they are now",
           "image-broken-variant", lambda c: c.memory.find_originals(), ("Ctrl+Shift+F",), ("memory", "whole")),
    Action("actionUndo", "Undo", "Undo the last edit", "undo", lambda c: history.undo(c.session), ("Ctrl+Z",),
           ("undo",)),
    Action("actionRedo", "Redo", "Redo what was undone", "redo", lambda c: history.redo(c.session),
           ("Ctrl+Shift+Z", "Ctrl+Y"), ("redo",)),
    Action("actionDecide", "Decide", "Decide images and see why", "scale-balance",
           lambda c: c.window.show_workspace("decide"), ("Ctrl+1",), ("memory",), checkable=True),
    Action("actionCurate", "Curate", "Look through the memory and correct it", "view-grid-outline",
           lambda c: c.window.show_workspace("curate"), ("Ctrl+2",), ("memory",), checkable=True),
    Action("actionStudy", "Study", "See how well the memory decides, and what would improve it", "chart-line",
           lambda c: c.window.show_workspace("study"), ("Ctrl+3",), ("memory",), checkable=True),
    Action("actionQuery", "Decide images…", "Choose images to decide", "image-search-outline",
           lambda c: c.decide.choose_query(), ("Ctrl+D",), ("memory",), "decide"),
    Action("actionPaste", "Paste", "Decide the image on the clipboard", "content-paste", lambda c: c.decide.paste(),
           ("Ctrl+V",), ("memory",), "decide"),
    Action("actionTeach", "Teach as…", "Add the query to the memory as a class of your choice", "school-outline",
           lambda c: c.decide.teach(), ("T",), ("writable", "query"), "decide"),
    Action("actionTeachByName", "Teach by name…", "Type a few letters of a class; Enter takes the first match",
           "form-textbox", lambda c: c.decide.teach_by_name(), ("/",), ("writable", "query"), "decide"),
    Action("actionConfirm", "Confirm", "Add the query to the memory as the class that won", "check",
           lambda c: c.decide.confirm(), ("Ctrl+Return", "Ctrl+Enter"), ("writable", "winner"), "decide"),
    Action("actionWatch", "Watch…", "Follow this decision across edits: say what it should be", "eye-outline",
           lambda c: c.decide.watch(), ("W",), ("writable", "query"), "decide"),
    Action("actionReport", "Report…", "Save this decision and its reasons as a page or an image to share",
           "file-document-outline", lambda c: c.reasons.report(), (), ("query",), "decide"),
    Action("actionOpinion", "Ask for a second opinion…",
           "Have a vision-language model look at the query and its neighbours; the vote stays as it is",
           "account-voice", lambda c: c.opinion.ask(), (), ("query",), "decide"),
    Action("actionOpinionSetUp", "Set up second opinions…",
           "Choose the endpoint, the model, your prices and the key, or turn second opinions off",
           "account-cog-outline", lambda c: c.opinion.set_up()),
    Action("actionStrike", "Strike out", "Take the selected neighbours out of every vote; nothing is erased",
           "close-circle-outline",
           lambda c: exemplars.strike(c.session, c.decide.cards.selected(struck=False), here=True),
           ("X", "Del"), ("writable", "selection"), "decide"),
    Action("actionRestore", "Restore", "Give the selected struck neighbours their vote back", "restore",
           lambda c: c.decide.restore(), ("U",), ("writable", "struck"), "decide"),
    Action("actionLeaveOut", "Only for this query",
           "Decide this query without the selected neighbours; the memory stays as it is", "eye-off-outline",
           lambda c: c.decide.leave_out(), ("O",), ("selection",), "decide"),
    Action("actionPart", "Decide a part",
           "Draw a box on the query: arrows move it, with Shift they resize it, Enter decides; or drag with Shift held",
           "crop", lambda c: c.decide.cards.draw_part(), ("B",), ("query",), "decide"),
    Action("actionCompare", "Compare",
           "Show the query beside the selected neighbour, zoomed and moved together; a part also on its original",
           "compare", lambda c: c.decide.cards.open_compare(), ("C",), ("query",), "decide"),
    Action("actionBack", "Back", "Back to the query that this is a neighbour of", "arrow-left",
           lambda c: c.session.decision.go_back(), ("Alt+Left",), ("trail",), "decide"),
    Action("actionRelabel", "Relabel…", "Then press a digit for the class, or R again for the list of classes",
           "tag-edit-outline", lambda c: c.decide.relabel(), ("R",), ("writable", "selection"), "decide"),
    Action("actionTrust", "Set trust…", "How much the votes of the selected neighbours count", "scale-unbalanced",
           lambda c: c.decide.set_trust(), (), ("writable", "selection"), "decide"),
    Action("actionAsk", "Decide this exemplar", "Make the selected neighbour the query", "image-search-outline",
           lambda c: c.decide.ask_selected(), ("Return",), ("selection",), "decide"),
    Action("actionOriginal", "Show the original", "All pixels of the selected neighbour; a part is outlined",
           "image-area", lambda c: c.decide.cards.show_original(), ("Shift+Space",), ("selection",), "decide"),
    Action("actionSimilar", "Find similar", "Show all exemplars in Curate, the nearest to the selected neighbour first",
           "sort-ascending", lambda c: c.decide.find_similar(), (), ("selection",), "decide"),
    Action("actionOpenOriginal", "Open original", "Open the selected neighbour's file in another program",
           "open-in-new", lambda c: originals.open_original(c.session, c.decide.neighbour()), (), ("selection",),
           "decide"),
    Action("actionShowInFolder", "Show in folder", "Show the folder of the selected neighbour's file",
           "folder-search-outline", lambda c: originals.show_original_in_folder(c.session, c.decide.neighbour()), (),
           ("selection",), "decide"),
    Action("actionCopy", "Copy image", "Put the selected neighbour's image on the clipboard", "content-copy",
           lambda c: clipboard.copy_image(c.session, c.decide.neighbour()), (), ("selection",), "decide"),
    Action("actionQueryOpen", "Open the query's original", "Open the query's file in another program", "open-in-new",
           lambda c: originals.open_original(c.session, c.decide.query()), (), ("query",), "decide"),
    Action("actionQueryFolder", "Show the query in its folder", "Show the folder of the query's file",
           "folder-search-outline", lambda c: originals.show_original_in_folder(c.session, c.decide.query()), (),
           ("query",), "decide"),
    Action("actionQueryCopy", "Copy the query", "Put the query's image on the clipboard", "content-copy",
           lambda c: clipboard.copy_image(c.session, c.decide.query()), ("Ctrl+C",), ("query",), "decide"),
    Action("actionQuerySimilar", "Sort Curate by the query", "Show all exemplars, the nearest to the query first",
           "sort-ascending", lambda c: c.window.show_similar_to_query(), (), ("query",), "decide"),
    Action("actionQueue", "Queue", "Show or hide the images waiting to be taught", "tray-full",
           lambda c: c.decide.cards.toggle_queue(), ("Ctrl+Shift+Q",), ("queue",), "decide", checkable=True),
    Action("actionCull", "One by one", "Show the queue image by image, each large, and teach by single keys",
           "image-multiple-outline", lambda c: c.window.show_workspace("cull"), ("Ctrl+Shift+C",),
           ("queue", "waiting"), "decide"),
    Action("actionConfirmAll", "Confirm all certain…", "Teach the certain images in the queue as decided",
           "check-all", lambda c: c.decide.confirm_all(), ("Ctrl+Shift+Return",), ("writable", "certain"), "decide"),
    Action("actionQueueExport", "Export CSV…", "Write the queue and its decisions as a table", "table-arrow-right",
           lambda c: c.decide.export_queue(), ("Ctrl+Shift+E",), ("queue",), "decide"),
    Action("actionQueueRemove", "Remove", "Remove the selected images from the queue; the memory stays as it is",
           "tray-minus", lambda c: c.decide.remove_queued(), ("Backspace",), ("writable", "queued"), "decide"),
    Action("actionQueueClear", "Empty the queue…", "Remove all images from the queue; the memory stays as it is",
           "tray-remove", lambda c: c.decide.clear_queue(), (), ("writable", "queue"), "decide"),
    Action("actionSelectAll", "Select all neighbours", "Select every card", "select-all",
           lambda c: c.decide.cards.select_all(), ("Ctrl+A",), ("query",), "decide"),
    Action("actionClose", "Dismiss", "Close the note, stop relabelling, clear the selection", "close",
           lambda c: c.window.let_go(), ("Esc",), (), "decide"),
    *DIGITS,
    Action("actionPalette", "All commands…", "Find a command by a few letters, and run it", "console-line",
           lambda c: c.window.show_palette(), ("Ctrl+K",)),
    Action("actionNotes", "Notes", "The last fifty notes, and what can still be done about each", "bell-outline",
           lambda c: c.window.show_notes(), ("Ctrl+Shift+N",)),
    Action("actionTheme", "Light or dark", "Switch between the light and the dark theme", "theme-light-dark",
           lambda c: c.settings.toggle_theme(), ("Ctrl+Shift+L",)),
    Action("actionSettings", "Settings…", "How the memory decides, and how the window looks", "cog-outline",
           lambda c: c.settings.show_settings(), ("Ctrl+,",)),
    Action("actionQuit", "Quit", "Close the window; every edit is already on disk", "exit-to-app",
           lambda c: c.window.close(), ("Ctrl+Q",)),
    Action("actionHints", "Hints", "Four hints on how to decide, strike out and teach, over the window itself",
           "lightbulb-on-outline", lambda c: c.window.show_hints(), (), ("memory",)),
    Action("actionKeys", "Keys", "Show all keys", "keyboard-outline", lambda c: c.window.show_keys(), ("?", "F1")),
)  # fmt: skip

TOOL_BAR: tuple[str | None, ...] = (
    "actionOpen", "actionNew", "actionAdd", "actionExport", None, "actionUndo", "actionRedo", None, "actionDecide",
    "actionCurate", "actionStudy", None, "actionQueue",
)  # fmt: skip
TOOL_BAR_RIGHT = ("actionKeys", "actionTheme", "actionSettings")
ON_QUEUE = ("actionCull", "actionConfirmAll")
SMALL_ON_QUEUE = ("actionQueueExport", "actionQueueRemove", "actionQueueClear")
ON_CARDS = (
    "actionCompare", "actionStrike", "actionLeaveOut", "actionRestore", "actionRelabel", "actionTrust", "actionAsk",
    None, "actionOriginal", "actionSimilar", "actionOpenOriginal", "actionShowInFolder", "actionCopy",
)  # fmt: skip
ON_QUERY = (
    "actionTeach", "actionConfirm", "actionWatch", None, "actionPart", "actionCompare", "actionQuerySimilar", None,
    "actionQueryOpen", "actionQueryFolder", "actionQueryCopy",
)  # fmt: skip
ON_QUEUED = (
    "actionTeach", "actionTeachByName", "actionConfirm", "actionQueueRemove", None, "actionCompare",
    "actionQuerySimilar", None, "actionQueryOpen", "actionQueryFolder", "actionQueryCopy",
)  # fmt: skip
BY_ID = {each.id: each for each in ACTIONS}


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
    """What the actions with a target say now: each names its target, so that no one has to guess it.

    ``own``: the query is an exemplar of the memory, which teaching would relabel. ``level``: the decision is between
    shorter labels than ``winner``, the full one that would be taught. ``queued`` images of the queue are selected, of
    ``waiting``; ``certain`` can be confirmed. ``back`` is the query that led here.
    """
    teach = f"Teach {queued:,} images as…" if queued > 1 else BY_ID["actionTeach"].text
    confirm = f"Confirm{' as' if level else ''} {winner}" if winner else "Confirm"
    return {
        "actionTeach": "Relabel as…" if own else teach,
        "actionConfirm": f"Confirm {queued:,} as decided" if queued > 1 else confirm,
        "actionQueue": f"Queue ({waiting:,})" if waiting else "Queue",
        "actionConfirmAll": f"Confirm all {certain:,} certain…" if certain else "Confirm all certain…",
        "actionQueueRemove": f"Remove {queued:,}" if queued else "Remove",
        "actionStrike": f"Strike out {how_many(selected)}" if selected else "Strike out",
        "actionRestore": f"Restore {how_many(struck)}" if struck else "Restore",
        "actionRelabel": f"Relabel {how_many(selected)}…" if selected else "Relabel…",
        "actionTrust": f"Set trust of {how_many(selected)}…" if selected else "Set trust…",
        "actionLeaveOut": f"Leave {how_many(selected)} out of this query only" if selected else "Only for this query",
        "actionBack": f"Back to {back}" if back else "Back",
        "actionUndo": f"Undo: {undo}" if undo else "Undo",
        "actionRedo": f"Redo: {redo}" if redo else "Redo",
    }


def build(window: QWidget, commands: Commands) -> dict[str, QAction]:
    """All actions of the table, active in the whole window."""
    made = {each.id: each.make(commands, window, each.id) for each in ACTIONS}
    for each in ACTIONS:
        made[each.id].setIconText(each.text)
        made[each.id].setToolTip(each.tip_of())
    window.addActions(list(made.values()))
    return made


def key_sheet() -> list[tuple[str, str]]:
    """(keys, what they do) of every action that has keys; the digits as one row."""
    return [
        *action.key_sheet(each for each in ACTIONS if each not in DIGITS),
        ("Any letter but T", "In the queue: starts typing the class to teach, as / does"),
        (
            "+ and - 0 1, arrows",
            "With the focus on the image: zoom, fit, 1:1, move; the mouse does the same",
        ),
        ("Del, in the list of parts", "Removes the part from the list; the memory stays as it is"),
        ("Left, right, S, U, O, Esc", "While comparing: step, strike out, restore, on the original, close"),
        ("Space", "Large image of the card; arrows move on, Esc closes it"),
        ("Del", "In the empty window: removes the recent memory from the list, not from the disk"),
        ("1 to 9", "Teach the query as that class; after R: relabel the selection"),
    ]
