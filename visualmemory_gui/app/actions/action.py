"""Actions that belong to one place of the window: one table gives their keys, buttons and the sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.refused_keys import EDITS
from visualmemory_gui.app.actions.window_actions import WHY_OFF


@dataclass(frozen=True, slots=True)
class Spec:
    """``id`` names the action and the method that does it; ``text`` has {} where the target stands."""

    id: str
    text: str
    tip: str
    icon: str
    keys: tuple[str, ...] = ()
    edits: bool = False  # the memory: off where it can only be read

    @property
    def bare(self) -> str:
        """The text without a target."""
        return self.text.replace(" of {}", "").replace(" {}", "")


def build(handler: QObject, specs: Sequence[Spec], *, prefix: str, heard_in: Iterable[QWidget]) -> dict[str, QAction]:
    """An action for each spec, which calls the method of ``handler`` with its name.

    Its keys are heard while the keyboard is in one of ``heard_in``; its objectName is ``prefix`` and the id.
    """
    made: dict[str, QAction] = {}
    for spec in specs:
        action = QAction(spec.bare, handler)
        action.setObjectName(f"{prefix}{spec.id.capitalize()}")
        action.setProperty(EDITS, spec.edits)
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        theme.set_icon(action, spec.icon)
        call = getattr(handler, spec.id)
        action.triggered.connect(lambda _checked=False, call=call: call())
        name(action, spec, enabled=True)
        made[spec.id] = action
    for widget in heard_in:
        widget.addActions(list(made.values()))
    return made


def name(action: QAction, spec: Spec, target: str = "", *, enabled: bool, readonly: bool = False) -> None:
    """Let the action name its target; without one it is off and says only what it would do.

    ``readonly``: the memory can only be read, and what edits it is off and says why.
    """
    enabled = enabled and not (spec.edits and readonly)
    text = spec.text.format(target) if enabled and target else spec.bare
    action.setEnabled(enabled)
    action.setText(text)
    action.setToolTip(tip_of(spec, text, readonly=readonly))


def tip_of(spec: Spec, text: str, *, readonly: bool) -> str:
    """ "Restore 3 exemplars: Give them their vote back (U)"; and why it is off where the memory can only be read."""
    tip = f"{text.rstrip('…')}: {spec.tip}" + (f" ({spec.keys[0]})" if spec.keys else "")
    return f"{tip}\n{WHY_OFF}" if spec.edits and readonly else tip


def key_sheet(specs: Iterable[Spec]) -> list[tuple[str, str]]:
    """(keys, what they do) of those that have keys."""
    return [(" or ".join(spec.keys), in_words(spec.bare, spec.tip)) for spec in specs if spec.keys]


def in_words(text: str, tip: str) -> str:
    """ "Restore: give them their vote back"."""
    return f"{text.rstrip('…')}: {tip[0].lower()}{tip[1:]}"
