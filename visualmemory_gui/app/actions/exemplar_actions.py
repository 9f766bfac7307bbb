"""The rows that several tables of actions share: what can be done with exemplars, wherever they are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from visualmemory_gui.app.actions.action import Action


class CanStrike(Protocol):
    """A place in the window that strikes out what is selected in it."""

    def strike(self) -> object: ...


class CanPreview(Protocol):
    """A place in the window that shows an image large."""

    def preview(self) -> object: ...


class CanEdit(CanStrike, Protocol):
    """A place in the window where exemplars are selected and edited."""

    def restore(self) -> object: ...
    def relabel(self) -> object: ...
    def set_trust(self) -> object: ...
    def ask(self) -> object: ...


class CanCompare(Protocol):
    """A place where two exemplars can be compared."""

    def compare(self) -> object: ...


class CanShowOriginal(Protocol):
    """A place in the window that shows where an exemplar comes from."""

    def show_original(self) -> object: ...
    def open_original(self) -> object: ...
    def show_in_folder(self) -> object: ...
    def copy_image(self) -> object: ...
    def find_similar(self) -> object: ...


STRIKE: Action[CanStrike] = Action(
    "strike", "Strike out {}", "Take them out of every vote; nothing is erased", "close-circle-outline",
    lambda place: place.strike(), ("X", "Del"), ("writable", "active"),
)  # fmt: skip
STRIKE_LISTED = replace(STRIKE, keys=("S", *STRIKE.keys), needs=("writable", "selection"))
"""In a list of active exemplars alone."""
RESTORE: Action[CanEdit] = Action(
    "restore", "Restore {}", "Give them their vote back", "restore",
    lambda place: place.restore(), ("U",), ("writable", "struck"),
)  # fmt: skip
RELABEL: Action[CanEdit] = Action(
    "relabel", "Relabel {}…", "Give them another class", "tag-edit-outline",
    lambda place: place.relabel(), ("R",), ("writable", "selection"),
)  # fmt: skip
SET_TRUST: Action[CanEdit] = Action(
    "trust", "Set trust of {}…", "How much their votes count", "scale-unbalanced",
    lambda place: place.set_trust(), (), ("writable", "selection"),
)  # fmt: skip
ASK: Action[CanEdit] = Action(
    "ask", "Decide this exemplar", "See how the memory decides it when it is left out", "scale-balance",
    lambda place: place.ask(), (), ("one",),
)  # fmt: skip
PREVIEW: Action[CanPreview] = Action(
    "preview", "Large preview", "Show the image large; arrows move on", "image-search-outline",
    lambda place: place.preview(), ("Space",), ("selection",),
)  # fmt: skip
ORIGINAL: Action[CanShowOriginal] = Action(
    "original", "Show the original", "All pixels of the image; a part is outlined in it", "image-area",
    lambda place: place.show_original(), ("Shift+Space",), ("one",),
)  # fmt: skip
OPEN: Action[CanShowOriginal] = Action(
    "open", "Open original", "Open its file in the program that the desktop has for it", "open-in-new",
    lambda place: place.open_original(), (), ("one",),
)  # fmt: skip
FOLDER: Action[CanShowOriginal] = Action(
    "folder", "Show in folder", "Show the folder of its file in the file manager", "folder-search-outline",
    lambda place: place.show_in_folder(), (), ("one",),
)  # fmt: skip
COPY: Action[CanShowOriginal] = Action(
    "copy", "Copy image", "Put the image on the clipboard", "content-copy",
    lambda place: place.copy_image(), ("Ctrl+C",), ("one",),
)  # fmt: skip
SIMILAR: Action[CanShowOriginal] = Action(
    "similar", "Find similar", "Show all exemplars in Curate, the nearest to it first", "sort-ascending",
    lambda place: place.find_similar(), (), ("one",),
)  # fmt: skip
COMPARE: Action[CanCompare] = Action(
    "compare", "Compare", "Show the two selected exemplars side by side, zoomed and moved together", "compare",
    lambda place: place.compare(), ("C",), ("two",),
)  # fmt: skip
ON_ORIGINAL: tuple[Action[CanShowOriginal], ...] = (ORIGINAL, SIMILAR, OPEN, FOLDER, COPY)
NAMES_ON_ORIGINAL = tuple(each.id for each in ON_ORIGINAL)
