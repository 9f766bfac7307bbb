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
