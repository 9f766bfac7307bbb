"""The page of Study that shows the memory as a map, on which similar exemplars lie together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QSplitter, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.action import Fact, build, key_sheet, show_targets
from visualmemory_gui.app.actions.exemplar_commands import ExemplarCommands
from visualmemory_gui.app.models.exemplars import NONE, Cell, Ids, cells_of, parted
from visualmemory_gui.app.models.impact import propose
from visualmemory_gui.app.models.map import MapModel
from visualmemory_gui.app.models.map_classes import MapClasses, classes_of
from visualmemory_gui.app.models.originals import OriginalsModel
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.buttons import button_of
from visualmemory_gui.app.views.kit.choosers import Choosers
from visualmemory_gui.app.views.kit.elided_label import ElidedLabel
from visualmemory_gui.app.views.kit.exemplar_preview import ExemplarPreview
from visualmemory_gui.app.views.kit.impact_preview import PreviewBinding
from visualmemory_gui.app.views.kit.menus import menu_of
from visualmemory_gui.app.views.kit.original_view import OriginalView
from visualmemory_gui.app.views.kit.pair_view import PairView
from visualmemory_gui.app.views.study.map_actions import ACTIONS, KEYS, LAYOUTS, ON_SELECTION, TOOLS, VIEW_ACTIONS
from visualmemory_gui.app.views.study.map_side import WIDTH_PT, MapLegend, MapList
from visualmemory_gui.app.views.study.study_page import StudyPage, dim_label
from visualmemory_gui.app.widgets.grid.memory_grid import MemoryGrid
from visualmemory_gui.app.widgets.map.map_view import CARD_PT, MapView, Tool
from visualmemory_gui.app.widgets.map.signs import Sign
from visualmemory_gui.app.widgets.map.tiles import MOST_IMAGES
from visualmemory_gui.app.widgets.panels.impact_line import ImpactLine
from visualmemory_gui.app.widgets.panels.scrolled_panel import ScrolledPanel
from visualmemory_gui.engine.experiments.map import has_tsne
from visualmemory_gui.engine.experiments.tsne import STEPS
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Changes
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit

if TYPE_CHECKING:
    from visualmemory_gui.engine.experiments.map import Method

TOO_FEW = "A map needs at least three exemplars."
DRAWING = "Drawing the map of {:,} exemplars…"
NOT_DRAWN = "No map has been drawn. Choose a layout."
NO_TSNE = "Needs the package openTSNE: pip install 'visualmemory_gui[map]'"
HOW: Mapping[Method, str] = {
    "pca": "The two main directions of all vectors.",
    "tsne": "Similar exemplars lie together; large distances mean little.",
}
LIST_PT = 50.0


class MapPage(StudyPage):
    """The map page. The map is drawn when the page is first seen; the list beside it has the same selection."""

    similar_requested = Signal(int)  # show in Curate what is like this exemplar
    title = "Map"
    specs = (*ACTIONS, *VIEW_ACTIONS)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = MapModel(session.tasks, self)
        self.classes = MapClasses()
        self._keys_due = False  # the tab was clicked before there was a map
        side = round(theme.px(CARD_PT) * max(1.0, self.devicePixelRatioF()))
        self.thumbnails = Thumbnails(session.tasks, self, side=side, kept_bytes=5 * MOST_IMAGES * side**2)
        self._originals = OriginalsModel(session.tasks, self)
        self.view = MapView(self._cells, self.thumbnails)
        self.grid = MemoryGrid(self._cells, self.thumbnails, side_pt=LIST_PT)
        self.grid.setObjectName("mapList")
        self.grid.setAccessibleName("Exemplars of the map")
        self.commands = ExemplarCommands(session, Choosers(self), self._labels)
        self.actions_by_id = build(self, ACTIONS, prefix="map", heard_in=[self])
        self.actions_by_id |= build(self, VIEW_ACTIONS, prefix="map", heard_in=[self.view])
        self._join_tools()
        self.how, self.empty = dim_label(), dim_label(middle=True)
        self.summary = ElidedLabel()
        self.summary.setProperty("dim", True)
        self.legend, self.list = MapLegend(), MapList(self.grid)
        self.impact = ImpactLine()
        self._lay_out()
        self.original = OriginalView(self, session)
        self.pair = PairView(self, session)
        self.large = ExemplarPreview(self.view, session, self._originals)
        self.preview_binding = PreviewBinding(self, session, self.impact, self._proposed)
        self._connect()
        self.on_updated()

    def begin(self) -> None:
        self.model.begin()
        self.on_updated()
        self.on_decided()

    def take_keys(self) -> None:
        self._keys_due = True
        self._give_keys()

    def key_sheet(self) -> list[tuple[str, str]]:
        return [*key_sheet(self.specs), *KEYS]

    # What can be done

    def lay_out(self, method: Method) -> None:
        self.model.lay_out(method)
        self.on_selection_changed()  # what is shown stays marked until the new layout is there

    def use(self, tool: Tool) -> None:
        self.view.set_tool(tool)
        self.actions_by_id[tool].setChecked(True)

    def see_all(self) -> None:
        self.view.see_all()

    def all_in_sight(self) -> None:
        self.view.select_in_sight()

    def compare(self) -> None:
        self.pair.show_pair(self.view.selected.tolist())

    def curate(self) -> None:
        if len(selected := self.view.selected):
            self.exemplars_chosen.emit(f"{len(selected):,} from the map", selected.copy())

    def strike(self) -> None:
        exemplars.strike(self._session, self._parted()[0].tolist())

    def restore(self) -> None:
        exemplars.restore(self._session, self._parted()[1].tolist())

    def relabel(self) -> None:
        self.commands.relabel(self.view.selected.tolist())

    def set_trust(self) -> None:
        self.commands.set_trust(self.view.selected.tolist())

    def ask(self) -> None:
        if (exemplar := self._current()) is not None:
            self.query_chosen.emit(exemplar)

    def preview(self) -> None:
        self.large.toggle(self._current())

    def show_original(self) -> None:
        self.original.toggle(self._current())

    def open_original(self) -> None:
        self.commands.open_original(self._current())

    def show_in_folder(self) -> None:
        self.commands.show_in_folder(self._current())

    def copy_image(self) -> None:
        self.commands.copy_image(self._current())

    def find_similar(self) -> None:
        if (exemplar := self._current()) is not None:
            self.similar_requested.emit(exemplar)

    # Slots

    def on_memory_changed(self) -> None:
        memory = self._session.memory
        self.large.hide()
        self.thumbnails.set_source(memory.catalog.thumbnails if memory else None)
        self._originals.set_memory(memory)
        self.classes = MapClasses()
        self.model.set_memory(self._session.whole)

    def on_changed(self, changes: Changes) -> None:
        self.thumbnails.forget(changes.forgotten)
        self._originals.forget(changes.forgotten)
        self.model.on_changed(changes)
        if self.isVisible():
            self.model.begin()

    def on_decided(self) -> None:
        if self.isVisible():
            self.model.on_decided(self._session.decision.query, self._session.decision.decision)

    def on_updated(self) -> None:
        image, decision = self.model.found, self._session.decision.decision
        marks = self._session.class_marks.slots
        self.empty.setVisible(image is None)
        self.body.setVisible(image is not None)
        self.empty.setText(self._instead())
        self.how.setText(self._grown() + HOW[image.method] + self._since() if image is not None else "")
        self.classes = classes_of(image, marks, self.classes.held) if image is not None else MapClasses()
        self.view.show_image(image, self.classes.group, self.classes.slots)
        self.list.show_image(image)
        placed = self.model.query if image is not None else None
        voters = decision.voters if decision is not None and placed is not None else ()
        self.view.mark(placed, np.array([voter.id for voter in voters], np.int64))
        self.on_selection_changed()
        self._give_keys()

    def on_view_selected(self) -> None:
        """Select in the list what is selected on the map."""
        if np.array_equal(self.grid.selection.array, self.view.selected):
            self.on_selection_changed()
        else:
            self.list.show_selected(self.view.selected)  # which comes back by ``on_list_selected``

    def on_outlined(self, ids: Ids) -> None:
        """List what was outlined alone, so that it can be looked over."""
        self.list.show_only(ids)
        self.grid.select(ids)

    def on_list_selected(self) -> None:
        selected = self.grid.selection.array
        if not len(selected):
            self.list.show_only(None)
        if np.array_equal(selected, self.view.selected):
            self.on_selection_changed()
        else:
            self.view.select(selected)  # which comes back by ``on_view_selected``

    def on_class_chosen(self, group: int) -> None:
        """Select the exemplars of a class of the legend."""
        image = self.model.found
        if image is not None:
            self.view.select(image.ids[self.classes.group == group])

    def on_selection_changed(self) -> None:
        image, selected = self.model.found, self.view.selected
        active, struck = self._parted()
        count = len(selected)
        facts: dict[Fact, bool] = {
            "enough": self.model.enough,
            "tsne": has_tsne(),
            "drawn": image is not None,
            "selection": count > 0,
            "active": len(active) > 0,
            "struck": len(struck) > 0,
            "one": self._current() is not None,
            "two": count == 2,
        }
        targets = dict.fromkeys(("relabel", "trust", "curate"), how_many(count))
        targets |= {"strike": how_many(len(active)), "restore": how_many(len(struck))}
        show_targets(self.actions_by_id, self.specs, facts, targets, readonly=self._session.readonly)
        if not has_tsne():
            self.actions_by_id["tsne"].setToolTip(NO_TSNE)
        for method, name in LAYOUTS.items():
            self.actions_by_id[name].setChecked(image is not None and image.method == method)
        self.summary.set_full_text(self.classes.words(image, selected) if image is not None else "")
        self._show_legend()
        self.preview_binding.update()

    def on_menu_requested(self, spot: QPoint) -> None:
        self.menu().popup(spot)

    def menu(self) -> QMenu:
        """The menu of the selection."""
        return menu_of(self, self.actions_by_id, ON_SELECTION)

    def _give_keys(self) -> None:
        """Give the keyboard to the map, as soon as it is there."""
        if self._keys_due and self.view.isVisible():
            self._keys_due = False
            self.view.setFocus()

    # What they read

    def _cells(self, ids: Ids) -> list[Cell]:
        memory = self._session.whole
        return cells_of(memory.snapshot, ids) if memory is not None else []

    def _parted(self) -> tuple[Ids, Ids]:
        """The selected exemplars, active and struck ones."""
        memory = self._session.whole
        return parted(memory.snapshot, self.view.selected) if memory is not None else (NONE, NONE)

    def _labels(self) -> list[str]:
        memory = self._session.whole
        return sorted(memory.snapshot.class_counts(), key=str.casefold) if memory is not None else []

    def _current(self) -> int | None:
        """The selected exemplar, or the current one of several."""
        selected, current = self.view.selected, self.grid.selection.current_id
        if current is not None and (current in selected or self.grid.hasFocus()):
            return current
        return int(selected[0]) if len(selected) else None

    def _proposed(self) -> ProposedEdit | None:
        active, struck = self._parted()
        return propose("strike", active) or propose("restore", struck)

    def _instead(self) -> str:
        """The text shown where there is no map."""
        if self.model.running:
            return DRAWING.format(self.model.count)
        return NOT_DRAWN if self.model.enough else TOO_FEW

    def _since(self) -> str:
        """What has happened since the map was laid out."""
        image = self.model.found
        if image is None:
            return ""
        placed = int(image.placed.sum())
        told = f" {placed:,} placed since, shown in rings." if placed else ""
        return told + (" The layout is out of date: choose it again." if image.outdated else "")

    def _grown(self) -> str:
        """How far a new layout is, if it is not finished."""
        image = self.model.found
        if image is None or (image.layout.finished and not self.model.running):
            return ""
        if image.layout.finished:
            return "Laying out, as soon as nothing else runs in the background. "
        steps = f"{image.layout.steps} of {STEPS} steps"
        if self.model.running:
            return f"Growing: {steps}; Cancel keeps what is there. "
        return f"Stopped after {steps}: choose the layout again for all of them. "

    def _show_legend(self) -> None:
        image = self.model.found
        if image is None:
            return
        signs: dict[Sign, bool] = {
            "selected": len(self.view.selected) > 0,
            "placed": bool(image.placed.any()),
            "struck": bool(image.struck.any()),
            "query": self.model.query is not None,
            "neighbour": self.model.query is not None,
        }
        self.legend.show_classes(self.classes, [sign for sign, used in signs.items() if used])

    # Building

    def _join_tools(self) -> None:
        """Let one tool be in use."""
        group = QActionGroup(self)
        for name in TOOLS:
            group.addAction(self.actions_by_id[name])
        self.actions_by_id["move"].setChecked(True)

    def _lay_out(self) -> None:
        header = QHBoxLayout()
        for name in (*LAYOUTS.values(), None, *TOOLS, "fit"):
            if name is None:
                header.addStretch(1)
            else:
                header.addWidget(button_of(self.actions_by_id[name]))
        told = QHBoxLayout()
        told.addWidget(self.how, 1)
        told.addWidget(button_of(self.actions_by_id["all_in_sight"]))
        buttons = QHBoxLayout()
        buttons.addWidget(self.summary, 1)
        for name in ("relabel", "strike", "restore", "curate"):
            buttons.addWidget(button_of(self.actions_by_id[name]))
        self.summary.setAccessibleDescription("What is selected on the map")
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(theme.px(4), 0, 0, 0)
        column.addWidget(ScrolledPanel(self.legend, name="Colours of the map", inside=True))
        column.addWidget(self.list, 1)
        self.body = QWidget()
        body = QVBoxLayout(self.body)
        body.setContentsMargins(0, 0, 0, 0)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("mapSplit")
        split.setChildrenCollapsible(False)
        self.grid.setFrameShape(QFrame.Shape.NoFrame)
        for part in (self.view, side):
            split.addWidget(part)
        split.setStretchFactor(0, 1)
        side.setMinimumWidth(theme.px(WIDTH_PT))
        body.addWidget(split, 1)
        body.addLayout(buttons)
        body.addWidget(self.impact)
        column = QVBoxLayout(self)
        column.addLayout(header)
        column.addLayout(told)
        column.addWidget(self.empty, 1)
        column.addWidget(self.body, 1)

    def _connect(self) -> None:
        """All the wiring of this page."""
        session, view, grid = self._session, self.view, self.grid
        self.model.updated.connect(self.on_updated)
        session.memory_opened.connect(self.on_memory_changed)
        session.memory_closed.connect(self.on_memory_changed)
        session.changed.connect(self.on_changed)
        session.decision.decided.connect(self.on_decided)
        theme.notifier.changed.connect(self.on_updated)
        view.selection_changed.connect(self.on_view_selected)
        view.outlined.connect(self.on_outlined)
        view.activated.connect(self.query_chosen.emit)
        view.menu_requested.connect(self.on_menu_requested)
        grid.selection_changed.connect(self.on_list_selected)
        grid.current_changed.connect(lambda: self.large.follow(grid.selection.current_id))
        grid.preview_requested.connect(self.preview)
        grid.opened.connect(self.query_chosen.emit)
        grid.menu_requested.connect(self.on_menu_requested)
        grid.images_dropped.connect(lambda found: self.commands.take(found, None))
        grid.words_dropped.connect(self.commands.refuse_words)
        self.legend.class_chosen.connect(self.on_class_chosen)
