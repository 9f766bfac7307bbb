"""The middle of Curate: the grid of all exemplars, and tabs with what a person should check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget, QWidget

from visualmemory_gui.app.actions.action import LACKS
from visualmemory_gui.app.actions.action import key_sheet as keys_of
from visualmemory_gui.app.models.misleaders import MisleadingModel
from visualmemory_gui.app.models.review import ReviewModel
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.curate import misleading_page
from visualmemory_gui.app.views.curate.misleading_page import MisleadingPage
from visualmemory_gui.app.views.curate.review_view import (
    GROUP_ACTIONS,
    SUSPECT_ACTIONS,
    AskLabel,
    GroupsPage,
    ReviewPage,
    SuspectsPage,
)
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory


class ReviewTabs(QTabWidget):
    """The grid and the review's lists. The memory is scanned when a list is first seen; the titles show counts."""

    grid_shown = Signal(bool)
    large_requested = Signal(object)  # an exemplar's id: show or hide its large image
    current_changed = Signal(object)  # another suspect or group is current: its (first) id, or None
    exemplar_chosen = Signal(int)  # to be decided

    def __init__(self, grid_page: QWidget, session: Session, thumbnails: Thumbnails, ask_label: AskLabel) -> None:
        super().__init__()
        self.setObjectName("reviewTabs")
        self.setAccessibleName("Exemplars and review")
        self.setDocumentMode(True)
        self.model = ReviewModel(session.tasks, self)
        self.misled = MisleadingModel(session.tasks, self)
        self.suspects = SuspectsPage(session, self.model, thumbnails, ask_label)
        self.misleading = MisleadingPage(session, self.misled, thumbnails)
        self.groups = GroupsPage(session, self.model, thumbnails, ask_label)
        self._grid_page = grid_page
        self.addTab(grid_page, "Exemplars")
        for page in (self.suspects, self.misleading, self.groups):
            self.addTab(page, "")
        for model in (self.model, self.misled):
            model.updated.connect(self.on_updated)
        self.currentChanged.connect(self.on_shown)
        for page in (self.suspects, self.misleading, self.groups):
            page.preview_requested.connect(self.large_requested)
        self.suspects.table.chosen_changed.connect(self.on_chosen_changed)
        self.groups.list.chosen_changed.connect(self.on_group_chosen)
        self.misleading.exemplar_chosen.connect(self.exemplar_chosen)
        self.misleading.table.chosen_changed.connect(self.on_misleading_chosen)
        self.on_updated()

    @property
    def on_grid(self) -> bool:
        """Whether the grid is visible."""
        return self.currentWidget() is self._grid_page

    @property
    def review_page(self) -> ReviewPage | None:
        """The visible list, None while the grid is shown."""
        shown = self.currentWidget()
        return shown if isinstance(shown, ReviewPage) else None

    def show_grid(self) -> None:
        self.setCurrentWidget(self._grid_page)

    def set_memory(self, memory: WholeMemory | None) -> None:
        self.model.set_memory(memory)
        self.misled.set_memory(memory)
        self.suspects.evidence.set_memory(memory)
        for page in (self.suspects, self.misleading, self.groups):
            self.setTabEnabled(self.indexOf(page), memory is not None)
            self.setTabToolTip(self.indexOf(page), "" if memory is not None else LACKS["whole"])
        self.show_grid()

    def on_changed(self, changes: Changes) -> None:
        self.model.on_changed(changes)
        self.misled.on_changed(changes)

    def on_shown(self) -> None:
        if self.review_page is not None:
            (self.misled if self.review_page is self.misleading else self.model).begin()
            if not self.tabBar().hasFocus():  # by mouse: someone moving through the tabs by keyboard stays there
                self.review_page.take_keys()
        self.grid_shown.emit(self.on_grid)

    def on_chosen_changed(self) -> None:
        chosen = self.suspects.table.chosen()
        if self.review_page is self.suspects:
            self.current_changed.emit(chosen[0].id if chosen else None)

    def on_group_chosen(self) -> None:
        chosen = self.groups.list.chosen()
        if self.review_page is self.groups:
            self.current_changed.emit(chosen[0].ids[0] if chosen else None)

    def on_misleading_chosen(self) -> None:
        chosen = self.misleading.chosen()
        if self.review_page is self.misleading:
            self.current_changed.emit(chosen[0] if chosen else None)

    def on_updated(self) -> None:
        for page, title, count in (
            (self.suspects, "Wrong label?", len(self.model.suspects)),
            (self.misleading, "Misleading", len(self.misled.rows)),
            (self.groups, "Duplicates and conflicts", len(self.model.groups)),
        ):
            many = f" ({count:,})" if page.scan.found is not None else ""
            self.setTabText(self.indexOf(page), f"{title}{many}")


def key_sheet() -> list[tuple[str, str]]:
    """(keys, what they do) in the review's lists, each row once."""
    lists = (SUSPECT_ACTIONS, misleading_page.ACTIONS, GROUP_ACTIONS)
    return list(dict.fromkeys(row for specs in lists for row in keys_of(specs)))
