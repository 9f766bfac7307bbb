"""The settings: edited in one dialog, effective immediately, and stored where they belong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings

from visualmemory_gui.app import preferences, theme
from visualmemory_gui.app.actions.dialogs import Dialogs
from visualmemory_gui.app.models.window_settings import OfMemory, WindowSettings
from visualmemory_gui.app.operations.edit import Edit, Note
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.decision.voting_scheme import k_setting
from visualmemory_gui.engine.device import choice

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory


class SettingsCommands:
    """``store`` holds the window's own settings; ``resize(side_pt)`` resizes the images in Curate."""

    def __init__(self, session: Session, store: QSettings, ask: Dialogs, resize: Callable[[float], object]) -> None:
        self._session = session
        self._store = store
        self._ask = ask
        self._resize = resize
        self._put(preferences.window_settings(store))
        session.queue.set_least(preferences.least_certain(store))
        session.queue.least_changed.connect(partial(preferences.keep_least_certain, store))

    def show_settings(self) -> None:
        memory = self._session.memory
        of_memory = None
        if memory is not None:
            of_memory = OfMemory(memory.settings, memory.identity.dim, not memory.readonly, choice.known())
        self._ask.settings(preferences.window_settings(self._store), of_memory, self.apply)

    def toggle_theme(self) -> None:
        preferences.set_theme(self._store, "light" if theme.current().name == "dark" else "dark")

    def keep_side(self, side_pt: float) -> None:
        """Set the size of the images in Curate."""
        self.apply({}, replace(preferences.window_settings(self._store), side_pt=side_pt))

    def apply(self, of_memory: dict[str, object], window: WindowSettings) -> None:
        """Apply both. ``of_memory`` are the memory's settings that changed, by name."""
        preferences.keep_window_settings(self._store, window)
        self._put(window)
        decision, rest = self._session.decision, dict(of_memory)
        if (rule := rest.pop("rule", None)) is not None:
            decision.set_rule(rule)  # type: ignore[arg-type]  # one of RULES, by the dialog
        if (k := rest.pop(k_setting(decision.rule), None)) is not None:
            decision.set_k(int(str(k)))

        def kept(_: None) -> Note:
            if "device" in rest:
                self._session.load_encoder()
            return Note("Settings saved.")

        def work(memory: Memory) -> None:
            memory.set_all(rest)

        if rest:
            Edit("Saving settings", work, kept).run(self._session)

    def keep_choice(self, name: str, value: object) -> None:
        """Store k, rule or level in the memory's settings if it may be written; not a step of the history."""
        memory = self._session.memory
        if memory is not None and not memory.readonly:
            self._session.tasks.run_edit("Saving settings", lambda: memory.set(name, value), topic=f"keep {name}")

    def _put(self, window: WindowSettings) -> None:
        theme.set_reduced_motion(window.still)
        self._resize(window.side_pt)
