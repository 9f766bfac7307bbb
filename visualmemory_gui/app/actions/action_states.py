"""Enables and disables the window's actions, and lets those that have a target name it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from PySide6.QtGui import QAction

from visualmemory_gui.app.actions.action import LACKS, REFUSAL
from visualmemory_gui.app.actions.window_actions import BY_ID, texts
from visualmemory_gui.app.models.literal_text import set_words
from visualmemory_gui.app.models.memory_state import MemoryStateModel
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.decision.levels import winning_label

ONLY_IN_DECIDE = "Only in Decide."
PART_OF = {"cull": "decide"}
"""A view that is shown in place of a workspace, as part of it."""
NAMED = ("actionUndo", "actionRedo")
"""Their buttons have the same words at all times; the tooltip names the step."""


class Selected(Protocol):
    """What the workspace Decide offers to act on."""

    def facts(self) -> set[str]: ...
    def selected(self, *, struck: bool | None = None) -> list[int]: ...
    def queued(self) -> list[int]: ...
    @property
    def queue_shown(self) -> bool: ...


class ActionStates:
    """Keeps the actions up to date: ``update`` reads what can be acted on and sets every action."""

    def __init__(
        self, made: Mapping[str, QAction], session: Session, state: MemoryStateModel, decide: Selected
    ) -> None:
        self._actions = made
        self._session = session
        self._state = state
        self._decide = decide
        self._set: tuple[object, ...] = ()  # what the actions were set by last

    def update(self, workspace: str, workspaces: Sequence[str]) -> None:
        """``workspace`` is the one of ``workspaces`` that is shown."""
        winner = self._winner()
        facts, texts = self._facts(), self._texts(winner)
        if (by := (workspace, facts, texts, self._session.readonly)) != self._set:  # an edit asks several times
            self._set = by
            self._set_all(workspace, facts, texts)
        for each in workspaces:
            self._actions[f"action{each.capitalize()}"].setChecked(each == PART_OF.get(workspace, workspace))
        self._actions["actionConfirm"].setData(winner)
        queue = self._actions["actionQueue"]
        queue.setChecked(self._decide.queue_shown)
        queue.setIconText(queue.text())

    def _set_all(self, workspace: str, facts: Collection[str], texts: Mapping[str, str]) -> None:
        for name, action in self._actions.items():
            refusal = self._refusal(name, facts, workspace)
            action.setEnabled(not refusal)
            action.setProperty(REFUSAL, refusal)
            named = texts[name] if name in NAMED and action.isEnabled() else ""
            action.setToolTip(BY_ID[name].tip_of(named, readonly=self._session.readonly, refusal=refusal))
        for name, text in texts.items():
            set_words(self._actions[name], text)

    def _refusal(self, name: str, facts: Collection[str], workspace: str) -> str:
        """Why an action is not possible now, "" if it is."""
        if BY_ID[name].needs and "memory" not in facts:
            return LACKS["memory"]
        return BY_ID[name].refusal(facts) or ("" if BY_ID[name].scope in ("window", workspace) else ONLY_IN_DECIDE)

    def _texts(self, winner: str | None) -> dict[str, str]:
        query, decision, state = self._session.decision.query, self._session.decision.decision, self._state.state
        return texts(
            winner=winner,
            own=query is not None and query.exemplar is not None,
            level=decision is not None and winner != decision.label,
            selected=len(self._decide.selected(struck=False)),
            struck=len(self._decide.selected(struck=True)),
            queued=len(self._decide.queued()),
            waiting=self._session.queue.rowCount(),
            certain=len(self._session.queue.certain()),
            back=self._session.decision.trail[-1].name if self._session.decision.trail else None,
            undo=state.undo if state else None,
            redo=state.redo if state else None,
        )

    def _winner(self) -> str | None:
        decision = self._session.decision.decision
        return winning_label(decision) if decision is not None else None

    def _facts(self) -> set[str]:
        memory, state = self._session.memory, self._state.state
        if memory is None:
            return set()
        facts = self._decide.facts() | {"memory"} | (set() if memory.readonly else {"writable"})
        facts |= {"whole" if memory.is_whole else "shared"}
        if state is not None and "writable" in facts:
            facts |= {name for name, step in (("undo", state.undo), ("redo", state.redo)) if step}
        return facts
