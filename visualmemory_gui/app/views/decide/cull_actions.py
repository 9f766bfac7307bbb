"""The actions of culling: one table for its keys, buttons and key sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visualmemory_gui.app.actions import action
from visualmemory_gui.app.actions.action import Action
from visualmemory_gui.app.models.viewport import STEP

if TYPE_CHECKING:
    from visualmemory_gui.app.views.decide.cull_view import CullView


def _digit(n: int) -> Action[CullView]:
    return Action(
        f"digit{n}",
        f"Teach as class {n}",
        "The list of classes shows their digits",
        f"numeric-{n}-box-outline",
        lambda view: view.teach_digit(n),
        (str(n),),
        ("writable", "shown"),
    )


DIGITS = tuple(_digit(n) for n in range(1, 10))
ACTIONS: tuple[Action[CullView], ...] = (
    Action("confirm", "Confirm {}", "Teach the image as the class that won, and go on", "check",
           lambda view: view.confirm(), ("Return", "Enter"), ("writable", "shown", "winner")),
    Action("teach", "Teach as…", "Choose the class of the image, which may be new", "school-outline",
           lambda view: view.ask_class(), ("T",), ("writable", "shown")),
    Action("name", "Teach by name…", "Type a few letters of a class; Enter takes the first match", "form-textbox",
           lambda view: view.ask_class(""), ("/",), ("writable", "shown")),
    Action("certain", "Next {} certain…", "See the next certain images together, and teach those that are right",
           "checkbox-multiple-marked-outline", lambda view: view.ask_certain(), ("Shift+Return", "Shift+Enter"),
           ("writable", "shown", "certain")),
    Action("skip", "Skip", "Go on to the next image; this one is not taught", "arrow-right",
           lambda view: view.run.forward(), ("Space", "Right"), ("shown",)),
    Action("back", "Back", "Back to the image before", "arrow-left",
           lambda view: view.run.back(), ("Left",), ("before",)),
    Action("undo", "Undo", "Take back the last lesson of this run, and show its image again", "undo",
           lambda view: view.undo(), ("U",), ("writable", "lesson")),
    Action("all", "Undo all {}", "Take back every lesson of this run together", "backup-restore",
           lambda view: view.undo_all(), ("Shift+U",), ("writable", "lesson")),
    Action("skipped", "Go through the {} skipped", "Show again the images that were not taught", "restart",
           lambda view: view.run.first_skipped(), ("Shift+Space",), ("skipped",)),
    Action("nearer", "Zoom in", "Look closer at the image; so does the mouse wheel", "magnify-plus-outline",
           lambda view: view.image.zoom_by(STEP), ("+", "="), ("shown",)),
    Action("farther", "Zoom out", "See more of the image", "magnify-minus-outline",
           lambda view: view.image.zoom_by(1 / STEP), ("-",), ("shown",)),
    Action("fit", "Fit", "Show the whole image; a double click shows it 1:1", "fit-to-page-outline",
           lambda view: view.image.fit(), ("0",), ("shown",)),
    Action("leave", "Back to the queue", "Leave; what was taught stays", "close",
           lambda view: view.leave(), ("Esc",)),
    *DIGITS,
)  # fmt: skip


def key_sheet() -> list[tuple[str, str]]:
    """(keys, what they do) while the images are shown one by one."""
    return [
        *action.key_sheet(each for each in ACTIONS if each not in DIGITS),
        ("1 to 9", "Teach the image as that class, and go on"),
        ("Any letter but T and U", "Starts typing the class to teach, as / does"),
    ]
