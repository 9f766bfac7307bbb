"""The workspace Curate: the classes, their exemplars, and their history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QMenu, QSplitter, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions import action
from visualmemory_gui.app.actions.exemplar_commands import ExemplarCommands
from visualmemory_gui.app.models.class_tree import ClassTreeModel
from visualmemory_gui.app.models.decision import AFTER_PAINT_MS
from visualmemory_gui.app.models.dragged_files import DraggedFiles
from visualmemory_gui.app.models.exemplars import NONE, ExemplarsModel, Filter, Like, Order, Pick, find
from visualmemory_gui.app.models.history import HistoryModel
from visualmemory_gui.app.models.impact import propose
from visualmemory_gui.app.models.originals import OriginalsModel
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.models.word_search import WordSearchModel
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.curate import curate_actions, curate_menus
from visualmemory_gui.app.views.curate.curate_panels import ClassesPanel, ExemplarsPanel
from visualmemory_gui.app.views.curate.history_panel import HistoryPanel
from visualmemory_gui.app.views.curate.review_tabs import ReviewTabs
from visualmemory_gui.app.views.kit.choosers import Choosers
from visualmemory_gui.app.views.kit.exemplar_preview import ExemplarPreview
from visualmemory_gui.app.views.kit.impact_preview import bind_line
from visualmemory_gui.app.views.kit.menus import empty_menu
from visualmemory_gui.app.views.kit.original_view import OriginalView
from visualmemory_gui.app.views.kit.pair_view import PairView
from visualmemory_gui.app.widgets.grid.memory_grid import MemoryGrid
from visualmemory_gui.engine.decision.short_labels import short_labels
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import F32, Changes

SIDE_PT = 78.0
STRUCK = Filter(state="struck")
WIDTHS = (220, 780, 240)
EMPTY = "No exemplars yet. Drop a folder here: its sub-folders are the classes."
NOTHING = "Nothing matches. Clear the filter or choose another class."


class CurateView(QWidget):
    """Classes, exemplars, review and history. Edits go through operations and return by the session's signal."""

    exemplar_chosen = Signal(int)  # to be decided
    side_chosen = Signal(float)  # the size of the grid's images, in points

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("workspaceCurate")
        self._session = session
        self.originals = OriginalsModel(session.tasks, self)
        self.exemplars = ExemplarsModel(session.tasks, self, missing=self.originals.missing)
        self.words = WordSearchModel(session.tasks, self)
        self.history = HistoryModel(session.tasks, self)
        self._classes = ClassTreeModel(self)
        self.thumbnails = Thumbnails(session.tasks, self, side=self._pixels(SIDE_PT))
        self._files = DraggedFiles(session.tasks, self)
        self.grid = MemoryGrid(self.exemplars.cells, self.thumbnails, side_pt=SIDE_PT, files_of=self._files.files)
        self.preview = ExemplarPreview(self, session, self.originals)
        self.original = OriginalView(self, session)
        self.pair = PairView(self, session)
        self._ask = Choosers(self)
        self.commands = ExemplarCommands(session, self._ask, self._classes.labels)
        self._lay_out()
        self._connect()
        bind_line(self.middle.impact, session)
        self.on_selection_changed()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.on_selection_changed()

    def set_side(self, side_pt: float) -> None:
        """Set the size of the grid's images."""
        self.thumbnails.set_side(self._pixels(side_pt))
        self.grid.set_side(side_pt)
        self.middle.set_side(side_pt)

    def _pixels(self, side_pt: float) -> int:
        """The device pixel ratio of the screen."""
        return round(theme.px(side_pt) * max(1.0, self.devicePixelRatioF()))

    # Slots

    def on_memory_changed(self) -> None:
        """React to another memory being open, or none."""
        memory = self._session.memory
        self.filter.clear()
        self.filter.set_pick("")
        self.preview.hide()
        self.thumbnails.set_source(memory.catalog.thumbnails if memory else None)
        self.originals.set_memory(memory)
        self._files.set_memory(memory)
        self.exemplars.set_memory(memory)
        self._show_order()
        self.words.set_memory(memory)
        self.history.set_memory(memory)
        self.tabs.set_memory(self._session.whole)
        self.tree.go_to("all")

    def on_changed(self, changes: Changes) -> None:
        self.thumbnails.forget(changes.forgotten)
        self.originals.forget(changes.forgotten)
        unseen_ms = 0 if self.isVisible() else AFTER_PAINT_MS  # first the decision that is looked at
        self.exemplars.refresh(unseen_ms)
        self.history.refresh(unseen_ms)
        self.tabs.on_changed(changes)

    def on_grid_shown(self) -> None:
        """Disable what acts on the grid while it is hidden behind a review."""
        self.preview.hide()
        self.on_selection_changed()

    def on_exemplars_updated(self) -> None:
        found = self.exemplars.found
        self._classes.set_counts(found.counts, found.struck)
        self.classes.set_struck(found.struck)
        self.grid.set_empty_text(NOTHING if found.total else EMPTY)
        names = short_labels(frozenset(found.counts))
        self.grid.set_names(names)
        self.steps.list.names = names
        self.grid.set_ids(found.ids)
        self.filter.set_count(self.exemplars.summary())
        self.on_selection_changed()

    def on_place_chosen(self, kind: str, label: str | None) -> None:
        """Show what a row of the tree stands for."""
        if kind == "struck":
            self.filter.set_state("struck")
        elif self.exemplars.filter.state == "struck":
            self.filter.set_state("all")
        self.exemplars.set_filter(replace(self.exemplars.filter, label=label))
        self.on_selection_changed()

    def on_pick_requested(self, pick: Pick | None) -> None:
        """Show these exemplars alone, whatever the filter was before; None shows all that match again."""
        if pick is not None:
            self.filter.clear()
            self.tree.go_to("all")
            self.tabs.show_grid()
        self.filter.set_pick(pick.name if pick is not None else "")
        self.exemplars.set_filter(replace(self.exemplars.filter, pick=pick))

    def on_order_chosen(self, order: Order) -> None:
        """Sort the grid; for the distance to the query it takes that of Decide."""
        query = self._session.decision.query
        if order == "nearest" and query is None:
            self._session.post_note("Decide an image first; then its nearest exemplars can be listed.")
            self._show_order()
        else:
            self._sort(order, Like("the query", query.vector) if order == "nearest" and query is not None else None)

    def show_near_query(self) -> None:
        """Show all exemplars, those nearest to the query of Decide first."""
        self._show_all()
        self.on_order_chosen("nearest")

    def show_similar(self, exemplar: int) -> None:
        """Show all exemplars, those nearest to ``exemplar`` first."""
        memory = self._session.memory
        if memory is None:
            return

        def show(vector: F32) -> None:
            if self._session.memory is memory:
                self._show_all()
                self._sort("nearest", Like(f"exemplar {exemplar}", vector))

        self._session.tasks.run_edit("Finding", lambda: memory.catalog.vectors([exemplar])[0], show)

    def _show_all(self) -> None:
        """Show all exemplars from the first on, whatever the filter was before."""
        self.filter.clear()
        self.tree.go_to("all")
        self.tabs.show_grid()
        self.on_pick_requested(None)
        self.grid.verticalScrollBar().setValue(0)

    def _sort(self, order: Order, like: Like | None) -> None:
        self.words.drop()
        self.exemplars.set_filter(replace(self.exemplars.filter, order=order, like=like))
        self._show_order()

    def _show_order(self) -> None:
        wanted = self.exemplars.filter
        self.filter.set_order(wanted.order, wanted.like.name if wanted.like is not None else "the query")

    def on_words_entered(self, words: str) -> None:
        """Sort by how well ``words`` fit; without words as before."""
        like = self.exemplars.filter.like
        self.words.drop()
        if words:
            self.words.search(words)
        elif like is not None and like.of_words:
            self._sort("oldest", None)

    def on_fetch_requested(self) -> None:
        """Ask before the text tower is fetched: it is large."""
        question = f"Fetch the text tower of this memory's encoder ({self.words.fetchable}), to find images by words?"
        self._ask.confirm(question, "Fetch", self.words.fetch)

    def on_found_by_words(self, like: Like) -> None:
        self._sort("nearest", like)
        self.grid.verticalScrollBar().setValue(0)

    def on_selection_changed(self) -> None:
        """Name what the actions would affect; nothing while the grid is hidden behind a review."""
        seen = self.tabs.on_grid
        selected = self.grid.selection.array if seen else NONE
        active, struck = self.exemplars.parted(selected)
        self._files.select(selected)
        there = curate_actions.Targets(
            active=len(active),
            struck=len(struck),
            label=self.tree.place[1],
            writable=not self._session.readonly,
            current=seen and self.grid.selection.current_id is not None,
        )
        curate_actions.name_targets(self.actions_by_id, there)
        self.middle.set_selected(there.active + there.struck)
        if self.isVisible() and seen:
            self._session.impact_preview.preview(propose("strike", active) or propose("restore", struck))

    def on_menu_requested(self, spot: QPoint) -> None:
        self.menu_of_exemplars().popup(spot)

    def on_tree_menu_requested(self, spot: QPoint, kind: str, label: str | None) -> None:
        menu = self.menu_of_class(label) if label is not None else empty_menu(self)
        if kind == "struck":
            menu.addAction(self.classes.restore_all.text(), self.restore_all)
            menu.addSeparator()
            menu.addAction(self.classes.forget_all.text(), self.forget_all)
        if menu.isEmpty():
            menu.deleteLater()
        else:
            menu.popup(spot)

    def place(self) -> tuple[int, int]:
        """The first exemplar in sight, 0 for none, and the depth of the chosen class: 0 for all, -1 for struck."""
        kind, label = self.tree.place
        depth = -1 if kind == "struck" else len(label.split("/")) if label is not None else 0
        return self.grid.top_id or 0, depth

    def go_to_place(self, top: int, depth: int, label: str | None) -> None:
        """Return to a class and scroll to where ``top`` was, as soon as the classes are known."""

        def go() -> None:
            self.exemplars.updated.disconnect(go)
            if depth and (depth < 0 or label is not None):
                self.exemplars.updated.connect(scroll)
                self.tree.go_to("struck" if depth < 0 else "class", label)
            else:
                self.grid.show_at_top(top)

        def scroll() -> None:
            self.exemplars.updated.disconnect(scroll)
            self.grid.show_at_top(top)

        self.exemplars.updated.connect(go)
        if self.exemplars.found.total:
            go()

    # What can be done

    def menu_of_class(self, label: str) -> QMenu:
        """The menu of a class, which the actions in it are about from then on."""
        self.tree.go_to("class", label)
        return curate_menus.of_class(self, self._session, label, self.actions_by_id)

    def menu_of_exemplars(self) -> QMenu:
        return curate_menus.of_exemplars(self, self.actions_by_id)

    def strike(self) -> None:
        exemplars.strike(self._session, self.exemplars.parted(self.grid.selection.array)[0].tolist())

    def restore(self) -> None:
        exemplars.restore(self._session, self.exemplars.parted(self.grid.selection.array)[1].tolist())

    def relabel(self) -> None:
        self.commands.relabel(self.grid.selection.ids)

    def set_trust(self) -> None:
        self.commands.set_trust(self.grid.selection.ids)

    def forget(self) -> None:
        self.commands.forget(self.grid.selection.ids)

    def rename(self) -> None:
        if (label := self.tree.place[1]) is not None:
            self.commands.rename(label, self.tree.follow)

    def merge(self) -> None:
        if (label := self.tree.place[1]) is not None:
            self.commands.merge(label, self.tree.follow)

    def new_below(self) -> None:
        if (label := self.tree.place[1]) is not None:
            self.commands.new_class(label)

    def export_class(self) -> None:
        if (label := self.tree.place[1]) is not None:
            self.commands.export(label)

    def strike_class(self) -> None:
        if (label := self.tree.place[1]) is not None:
            self._with(Filter(label=label, state="active"), partial(exemplars.strike, self._session))

    def forget_class(self) -> None:
        if (label := self.tree.place[1]) is not None:
            forget = self.commands.forget
            self._with(Filter(label=label), lambda ids: forget(ids, f"all {how_many(len(ids))} of {label}"))

    def compare(self) -> None:
        self.pair.show_pair(self.grid.selection.ids)

    def show_original(self) -> None:
        self.original.toggle(self.grid.selection.current_id)

    def open_original(self) -> None:
        self.commands.open_original(self.grid.selection.current_id)

    def show_in_folder(self) -> None:
        self.commands.show_in_folder(self.grid.selection.current_id)

    def copy_image(self) -> None:
        self.commands.copy_image(self.grid.selection.current_id)

    def find_similar(self) -> None:
        if (exemplar := self.grid.selection.current_id) is not None:
            self.show_similar(exemplar)

    def search(self) -> None:
        self.filter.start_typing()

    def resize_images(self, steps: int) -> None:
        self.middle.larger(steps)

    def only(self) -> None:
        ids = self.grid.selection.array
        self.on_pick_requested(Pick(f"{len(ids):,} selected exemplars", np.sort(ids)))

    def invert(self) -> None:
        self.grid.selection.invert()
        self.grid.changed_selection()

    def ask(self) -> None:
        if (exemplar := self.grid.selection.current_id) is not None:
            self.exemplar_chosen.emit(exemplar)

    def restore_all(self) -> None:
        self._with(STRUCK, partial(exemplars.restore, self._session))

    def forget_all(self) -> None:
        self._with(STRUCK, lambda ids: self.commands.forget(ids, f"all {len(ids):,} struck exemplars"))

    def _with(self, which: Filter, call: Callable[[list[int]], object]) -> None:
        """Look up the exemplars of the memory that ``which`` finds, whatever the grid shows, then ``call(ids)``, unless
        another memory is open by then."""
        memory = self._session.memory
        if memory is None:
            return

        def found(ids: list[int]) -> None:
            if self._session.memory is memory:
                call(ids)

        self._session.tasks.run_edit("Finding", lambda: find(memory, which).ids.tolist(), found)

    # Building

    def _lay_out(self) -> None:
        self.classes = ClassesPanel(self._classes)
        self.tree = self.classes.tree
        self.middle = ExemplarsPanel(self.grid)
        self.filter = self.middle.filter
        self.tabs = ReviewTabs(self.middle, self._session, self.thumbnails, self.commands.relabel)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("curateSplit")
        split.setChildrenCollapsible(False)
        split.setHandleWidth(theme.px(6))
        self.steps = HistoryPanel(self._session, self.history, self.thumbnails)
        for part in (self.classes, self.tabs, self.steps):
            split.addWidget(part)
        heard_in = (self.classes, self.middle, self.steps)
        self.actions_by_id = action.build(self, curate_actions.ACTIONS, prefix="curate", heard_in=heard_in)
        self.middle.set_actions([self.actions_by_id[name] for name in ("strike", "restore", "relabel")])
        for place, stretch in enumerate((1, 4, 1)):
            split.setStretchFactor(place, stretch)
        split.setSizes(list(WIDTHS))
        column = QVBoxLayout(self)
        margin = theme.px(6)
        column.setContentsMargins(margin, margin, margin, margin)
        column.addWidget(split)

    def _connect(self) -> None:
        """All the wiring of this workspace."""
        session, tree, grid, commands = self._session, self.tree, self.grid, self.commands
        session.memory_opened.connect(self.on_memory_changed)
        session.memory_closed.connect(self.on_memory_changed)
        session.changed.connect(self.on_changed)
        session.step_finished.connect(self.history.refresh)
        session.class_keys.updated.connect(lambda: self._classes.set_keys(session.class_keys.keys))
        self.exemplars.updated.connect(self.on_exemplars_updated)
        session.originals_moved.connect(self.originals.look_again)
        self.originals.updated.connect(grid.viewport().update)
        self.middle.side_chosen.connect(self.side_chosen)
        grid.larger_requested.connect(self.middle.larger)
        self.tabs.grid_shown.connect(self.on_grid_shown)
        self.tabs.large_requested.connect(self.preview.toggle)
        self.tabs.current_changed.connect(self.preview.follow)
        self.tabs.exemplar_chosen.connect(self.exemplar_chosen)
        shown = self.exemplars
        self.filter.text_changed.connect(lambda text: shown.set_filter(replace(shown.filter, text=text)))
        self.filter.state_changed.connect(lambda state: shown.set_filter(replace(shown.filter, state=state)))
        self.filter.since_changed.connect(lambda since: shown.set_filter(replace(shown.filter, since=since)))
        self.filter.order_changed.connect(self.on_order_chosen)
        self.filter.words_entered.connect(self.on_words_entered)
        self.words.updated.connect(lambda: self.filter.set_words(self.words.refusal, self.words.fetchable))
        self.filter.fetch_requested.connect(self.on_fetch_requested)
        self.words.found.connect(self.on_found_by_words)
        self.words.failed.connect(session.post_note)
        self.filter.pick_dropped.connect(lambda: self.on_pick_requested(None))
        self.steps.pick_requested.connect(self.on_pick_requested)
        self.classes.filter.new_class_requested.connect(commands.new_class)
        self.classes.restore_all_requested.connect(self.restore_all)
        self.classes.forget_all_requested.connect(self.forget_all)
        tree.place_chosen.connect(self.on_place_chosen)
        tree.cards_dropped.connect(commands.relabel)
        tree.cards_struck.connect(partial(exemplars.strike, session))
        tree.images_dropped.connect(commands.take)
        for place in (tree, grid):
            place.words_dropped.connect(commands.refuse_words)
        tree.menu_requested.connect(self.on_tree_menu_requested)
        grid.selection_changed.connect(self.on_selection_changed)
        grid.current_changed.connect(lambda: self.preview.follow(grid.selection.current_id))
        grid.preview_requested.connect(lambda: self.preview.toggle(grid.selection.current_id))
        grid.opened.connect(self.exemplar_chosen)
        grid.menu_requested.connect(self.on_menu_requested)
        grid.images_dropped.connect(lambda found: commands.take(found, tree.place[1]))
