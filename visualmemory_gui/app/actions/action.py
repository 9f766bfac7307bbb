"""One thing that the window can do: a row of a table from which menus, buttons and keys are made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Never, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.refused_keys import EDITS
from visualmemory_gui.app.models.literal_text import set_words

Fact = Literal[
    "memory", "writable", "undo", "redo", "query", "winner", "trail", "selection", "one", "two", "active", "struck",
    "class", "queue", "queued", "certain", "waiting", "shown", "before", "lesson", "skipped", "step", "done", "found",
    "drawn", "enough", "tsne", "ready", "running", "whole", "shared",
]  # fmt: skip
"""What an action may need to act on: "one" selected thing, a "winner" that can be taught, and so on."""
Scope = Literal["window", "decide"]
Owner = TypeVar("Owner", contravariant=True)
Page = TypeVar("Page", bound=QWidget)
WHY_OFF = "Off: this memory is open for reading only"
REFUSAL, PLACE = "refusal", "place"  # properties of a made action: why it is not possible, "" if it is; its workspace
LACKS: Mapping[str, str] = {
    "memory": "No memory is open.",
    "writable": "This memory is open for reading only.",
    "undo": "There is nothing to undo.",
    "redo": "There is nothing to redo.",
    "query": "Decide an image first.",
    "winner": "There is no decision to confirm.",
    "trail": "No query led here.",
    "selection": "Nothing is selected.",
    "one": "No exemplar is current.",
    "two": "Two exemplars have to be selected.",
    "active": "No active exemplar is selected.",
    "struck": "No struck exemplar is selected.",
    "class": "No class is chosen.",
    "queue": "The queue is empty.",
    "queued": "No image of the queue is selected.",
    "certain": "No image of the queue is certain.",
    "waiting": "Every image of the queue is taught.",
    "shown": "No image is left.",
    "before": "This is the first image.",
    "lesson": "Nothing was taught in this run.",
    "skipped": "No image was skipped, or some are still to come.",
    "step": "No other step is chosen.",
    "done": "No step that is done is chosen.",
    "found": "Nothing that could be applied was found yet.",
    "drawn": "Nothing is drawn yet.",
    "enough": "The memory holds too few exemplars.",
    "tsne": "t-SNE is not installed.",
    "ready": "It is not ready, or running already.",
    "running": "Nothing is running.",
    "whole": "This needs every exemplar on this computer: pull a sample of the shared memory, and open that.",
    "shared": "This memory is a folder: every exemplar is on this computer.",
}


@dataclass(frozen=True, slots=True)
class Action(Generic[Owner]):
    """An action: its words, icon and keys. ``handler`` is called with the table's owner; {} in ``text`` is the target.

    The action is enabled where everything that it ``needs`` is available, in the workspace ``scope``.
    """

    id: str
    text: str
    tip: str
    icon: str
    handler: Callable[[Owner], object]
    keys: tuple[str, ...] = ()
    needs: tuple[Fact, ...] = ()
    scope: Scope = "window"
    checkable: bool = False

    @property
    def bare(self) -> str:
        """The text without its target."""
        return self.text.replace(" of {}", "").replace(" {}", "")

    @property
    def edits(self) -> bool:
        """Whether it changes the memory."""
        return not {"writable", "undo", "redo"}.isdisjoint(self.needs)

    def refusal(self, facts: Collection[str]) -> str:
        """Why it is not possible where only ``facts`` are available; "" where it is."""
        return next((LACKS[need] for need in self.needs if need not in facts), "")

    def tip_of(self, text: str = "", *, readonly: bool = False, refusal: str = "") -> str:
        """ "Restore 3 exemplars: Give them their vote back (U)", and why it is disabled: its ``refusal``, or that the
        memory is read-only."""
        named = text.startswith(f"{self.bare}: ")  # "Undo: Strike out 2 exemplars" says all
        tip = text if named else f"{text.rstrip('…')}: {self.tip}" if text else self.tip
        tip += f" ({self.keys[0]})" if self.keys else ""
        why = f"Off: {refusal[0].lower()}{refusal[1:].rstrip('.')}" if refusal else ""
        why = WHY_OFF if self.edits and readonly else why
        return f"{tip}\n{why}" if why else tip

    def make(self, owner: Owner, parent: QWidget, name: str) -> QAction:
        """The QAction, a child of ``parent``."""
        made = QAction(parent)
        set_words(made, self.bare)
        made.setObjectName(name)
        made.setCheckable(self.checkable)
        made.setProperty(EDITS, self.edits)
        made.setProperty(REFUSAL, "")
        made.setProperty(PLACE, "Decide" if self.scope == "decide" else "")
        made.setShortcuts([QKeySequence(key) for key in self.keys])
        theme.set_icon(made, self.icon)
        made.triggered.connect(lambda _checked=False: self.handler(owner))
        return made


def build(
    page: Page, table: Sequence[Action[Page]], *, prefix: str, heard_in: Iterable[QWidget] = ()
) -> dict[str, QAction]:
    """The actions of one place in the window, carried out by its methods; an objectName is ``prefix`` and the id.

    Their keys work while the focus is in ``page``, or in one of ``heard_in``.
    """
    made = {action.id: action.make(page, page, f"{prefix}{action.id.capitalize()}") for action in table}
    for action in made.values():
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    for widget in heard_in or (page,):
        widget.addActions(list(made.values()))
    show_targets(made, table, {need: True for action in table for need in action.needs})
    return made


def show_targets(
    made: Mapping[str, QAction],
    table: Iterable[Action[Never]],
    facts: Mapping[Fact, bool],
    targets: str | Mapping[str, str] = "",
    *,
    texts: Mapping[str, str] | None = None,
    readonly: bool = False,
) -> None:
    """Enable or disable each action of ``table``, and let it name its target, which may be one for all.

    ``texts`` replace the whole text where more than the target changes. ``readonly``: what edits the memory
    is disabled and says why.
    """
    there = {fact for fact, holds in facts.items() if holds} | {"writable"} - ({"writable"} if readonly else set())
    for action in table:
        target = targets if isinstance(targets, str) else targets.get(action.id, "")
        refusal = action.refusal(there)
        on = not refusal
        text = (texts or {}).get(action.id) or (action.text.format(target) if target else action.bare)
        text = text if on else action.bare
        made[action.id].setEnabled(on)
        made[action.id].setProperty(REFUSAL, refusal)
        set_words(made[action.id], text)
        made[action.id].setToolTip(action.tip_of(text, readonly=readonly, refusal=refusal))


def key_sheet(table: Iterable[Action[Never]]) -> list[tuple[str, str]]:
    """(keys, what they do) of the actions that have keys: "Restore: give them their vote back"."""
    return [
        (" or ".join(action.keys), f"{action.bare.rstrip('…')}: {action.tip[0].lower()}{action.tip[1:]}")
        for action in table
        if action.keys
    ]
