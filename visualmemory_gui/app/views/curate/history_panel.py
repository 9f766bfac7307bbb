"""The history next to the grid: the steps by day, and actions on the selected one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QInputDialog, QLabel, QMenu, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.action import Action, Fact, build, show_targets
from visualmemory_gui.app.models.exemplars import Pick
from visualmemory_gui.app.models.history import HistoryModel
from visualmemory_gui.app.models.literal_text import literal
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.operations import history
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.curate.curate_panels import Panel
from visualmemory_gui.app.views.kit.buttons import button_of
from visualmemory_gui.app.widgets.tables.history_list import HistoryList
from visualmemory_gui.engine.types import Step

ACTIONS: tuple[Action[HistoryPanel], ...] = (
    Action("revert", "Revert", "Undo this step alone; later steps stay", "undo-variant",
           lambda panel: panel.revert(), (), ("memory", "writable", "done")),
    Action("back", "Go back", "Undo, or redo, until this step is the last one done", "history",
           lambda panel: panel.back(), (), ("memory", "writable", "step")),
    Action("since", "Since", "Show in the grid what has changed since this step", "compare",
           lambda panel: panel.since(), (), ("step",)),
    Action("tag", "Tag", "Name the memory's present state, to go back to it or compare with it", "tag-outline",
           lambda panel: panel.tag(), (), ("memory", "writable")),
)  # fmt: skip
WAYS = {"undone": "forward to", "branch": "to the branch,"}
LONGEST = 60


class HistoryPanel(Panel):
    """The steps and their actions. ``pick_requested`` asks the grid to show some exemplars alone."""

    pick_requested = Signal(object)  # Pick

    def __init__(self, session: Session, model: HistoryModel, thumbnails: Thumbnails) -> None:
        self._session = session
        self._model = model
        self.list = HistoryList(model, thumbnails)
        buttons = QWidget()
        self.empty = QLabel("No edits yet. Each one will be listed here and can be reverted on its own.")
        self.empty.setWordWrap(True)
        self.empty.setProperty("dim", True)
        super().__init__("History", [self.empty, self.list, buttons])
        self.actions_by_id = build(self, ACTIONS, prefix="history", heard_in=[self])
        for spec in ACTIONS:
            self.actions_by_id[spec.id].setIconText(spec.text)
        grid = QGridLayout(buttons)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(theme.px(2))
        for n, action in enumerate(self.actions_by_id.values()):
            button = button_of(action)
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
            grid.addWidget(button, n // 2, n % 2)
        self.list.step_chosen.connect(self.on_step_chosen)
        self.list.menu_requested.connect(self.on_menu_requested)
        model.modelReset.connect(self.on_reset)
        self.on_reset()

    # Slots

    def on_reset(self) -> None:
        self.empty.setVisible(not self._model.rowCount())
        self.on_step_chosen()

    def on_step_chosen(self) -> None:
        """Name the step that each action would affect."""
        step, memory = self.list.step, self._session.memory
        named = f" “{_short(step.past)}”" if step else ""
        facts: dict[Fact, bool] = {
            "memory": memory is not None,
            "done": step is not None and step.state == "done",
            "step": step is not None
            and step.state in ("done", "undone", "branch")
            and step.number != self._model.present,
        }
        texts = {
            "revert": f"Revert{named}",
            "back": f"Go {WAYS.get(step.state if step else '', 'back to')} after{named}",
            "since": f"What changed since{named}",
            "tag": "Tag the memory as it is now…",
        }
        show_targets(self.actions_by_id, ACTIONS, facts, texts=texts, readonly=self._session.readonly)

    def on_menu_requested(self, place: QPoint) -> None:
        menu = self.menu()
        menu.popup(place)

    def on_compared(self, step: Step, what: str, ids: Sequence[int]) -> None:
        """Show what is different: ``what`` in words, ``ids`` the affected exemplars that still exist."""
        if ids:
            self.pick_requested.emit(Pick(f"changed since “{_short(step.past)}”", np.array(ids, np.int64)))
        self._session.post_note(f"Since “{_short(step.past)}”: {what}.")

    # What can be done

    def menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in self.actions_by_id.values():
            menu.addAction(action)
        step = self.list.step
        tags = self._model.tags_of(step.number) if step else ""
        memory = self._session.memory
        if step and tags and memory is not None and not memory.readonly:
            drop = partial(history.drop_tags, self._session, step.number, self._model.refresh)
            menu.addAction(literal(f"Remove tag “{tags}”"), drop)
        return menu

    def revert(self) -> None:
        if (step := self.list.step) is not None:
            history.revert(self._session, step)

    def back(self) -> None:
        if (step := self.list.step) is not None:
            history.go_back(self._session, step.number, step.past)

    def since(self) -> None:
        if (step := self.list.step) is not None:
            history.compare(self._session, step, partial(self.on_compared, step))

    def tag(self) -> None:
        dialog = QInputDialog(self)
        dialog.setObjectName("tagDialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Tag")
        dialog.setLabelText("Name for the memory as it is now:")
        dialog.setOkButtonText("Tag")
        dialog.textValueSelected.connect(self._put_tag)
        dialog.open()

    def _put_tag(self, name: str) -> None:
        if name.strip():
            history.tag(self._session, name, self._model.refresh)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
