"""The page of Study that shows the memory as a map, on which similar exemplars lie together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.action import Action, Fact, build, show_targets
from visualmemory_gui.app.models.map import MapModel, words
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.buttons import button_of
from visualmemory_gui.app.views.study.study_page import StudyPage
from visualmemory_gui.engine.experiments.map import has_tsne
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.app.widgets.chart.map_view import MapView
    from visualmemory_gui.engine.experiments.map import Method

TOO_FEW = "A map needs at least three exemplars."
DRAWING = "Drawing the map of {:,} exemplars…"
NOT_DRAWN = "No map has been drawn. Choose a layout."
NO_TSNE = "Needs the package openTSNE: pip install 'visualmemory_gui[map]'"
HOW = {
    "pca": "The two main directions of all vectors.",
    "tsne": "Similar exemplars lie together; large distances mean little.",
}
ACTIONS: tuple[Action[MapPage], ...] = (
    Action("again", "Main directions", "Lay the map out by principal components: fast", "axis-arrow",
           lambda page: page.lay_out("pca"), (), ("enough",)),
    Action("tsne", "Neighbourhoods", "Lay the map out by t-SNE: slower, but similar exemplars lie together",
           "dots-hexagon", lambda page: page.lay_out("tsne"), (), ("enough", "tsne")),
    Action("all_in_sight", "Select all in view", "Select every exemplar that is in view", "select-all",
           lambda page: page.all_in_sight(), ("Ctrl+A",), ("drawn",)),
    Action("curate", "Show {} in Curate", "Look at the selected exemplars alone, in Curate", "view-grid-outline",
           lambda page: page.curate(), ("Return",), ("selection",)),
)  # fmt: skip


class MapPage(StudyPage):
    """The map page. The map is drawn when the page is first seen."""

    title = "Map"
    specs = ACTIONS

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = MapModel(session.tasks, self)
        self.view: MapView | None = None
        self.actions_by_id = build(self, ACTIONS, prefix="map", heard_in=[self])
        self._layouts = self._make_layouts()
        self._tools = self._make_tools()
        self.summary, self.legend, self.how, self.empty = QLabel(), QLabel(), QLabel(), QLabel()
        self._lay_out()
        self.model.updated.connect(self.on_updated)
        session.memory_opened.connect(lambda: self.model.set_memory(session.memory))
        session.memory_closed.connect(lambda: self.model.set_memory(None))
        session.changed.connect(self.on_changed)
        session.decision.decided.connect(self.on_decided)
        theme.notifier.changed.connect(self.on_updated)
        self.on_updated()

    def begin(self) -> None:
        if self.view is None:
            from visualmemory_gui.app.widgets.chart.map_view import MapView

            self.view = MapView(self)
            self.view.selection_changed.connect(self.on_selection_changed)
            self.view.activated.connect(self.query_chosen.emit)
            self._column.insertWidget(1, self.view, 1)
        self.model.begin()
        self.on_updated()
        self.on_decided()

    def lay_out(self, method: Method) -> None:
        self.model.lay_out(method)

    def all_in_sight(self) -> None:
        if self.view is not None:
            self.view.select_in_sight()

    def curate(self) -> None:
        if self.view is not None and len(self.view.selected):
            self.exemplars_chosen.emit(f"{len(self.view.selected):,} from the map", self.view.selected.copy())

    def on_changed(self, changes: Changes) -> None:
        self.model.on_changed(changes)
        if self.isVisible():
            self.model.begin()

    def on_decided(self) -> None:
        if self.view is not None:
            self.model.on_decided(self._session.decision.query, self._session.decision.decision)

    def on_updated(self) -> None:
        image = self.model.found
        self.empty.setVisible(image is None)
        self.empty.setText(self._instead())
        self.how.setText(HOW[image.method] + self._placed() if image is not None else "")
        self.legend.setText(self._legend())
        if self.view is not None:
            self.view.setVisible(image is not None)
            self.view.show_image(image)
            decision = self._session.decision.decision
            near = np.array([n.id for n in decision.neighbours] if decision is not None else [], np.int64)
            asked = image is not None and self.model.query is not None
            self.view.light_up(self.model.query if asked else None, image.spots_of(near) if asked and image else None)
        self.on_selection_changed()

    def on_selection_changed(self) -> None:
        image, view = self.model.found, self.view
        count = len(view.selected) if view is not None else 0
        facts: dict[Fact, bool] = {
            "enough": self.model.enough,
            "tsne": has_tsne(),
            "drawn": image is not None,
            "selection": count > 0,
        }
        show_targets(self.actions_by_id, ACTIONS, facts, how_many(count) if count else "")
        if not has_tsne():
            self.actions_by_id["tsne"].setToolTip(NO_TSNE)
        for method, action in self._layouts.items():
            action.setChecked(image is not None and image.method == method)
        self.summary.setText(words(image, view.selected) if image is not None and view is not None else "")

    def _instead(self) -> str:
        """The text shown where there is no map."""
        if self.model.running:
            return DRAWING.format(self.model.count)
        return NOT_DRAWN if self.model.enough else TOO_FEW

    def _placed(self) -> str:
        image = self.model.found
        count = int(image.placed.sum()) if image is not None else 0
        return f" {count:,} placed since, shown in rings." if count else ""

    def _legend(self) -> str:
        """The legend of the colours as rich text: a dot and a name each."""
        image = self.model.found
        if image is None:
            return ""
        colours = theme.current()
        dots = [*zip(colours.chips, image.names, strict=False), (colours.grey_chip, "others")]
        return "&nbsp;&nbsp; ".join(f'<span style="color:{colour}">●</span> {_escaped(part)}' for colour, part in dots)

    def _make_layouts(self) -> dict[Method, QAction]:
        """The layout actions; the one whose layout is shown is checked."""
        made: dict[Method, QAction] = {"pca": self.actions_by_id["again"], "tsne": self.actions_by_id["tsne"]}
        for action in made.values():
            action.setCheckable(True)
        return made

    def _make_tools(self) -> list[QToolButton]:
        group = QActionGroup(self)
        made = []
        for tool, text, icon in (("box", "Box", "selection"), ("lasso", "Lasso", "lasso")):
            action = QAction(text, self)
            action.setObjectName(f"map{text}")
            action.setCheckable(True)
            action.setChecked(tool == "box")
            action.setToolTip(f"{text}: drag on the map to select what is inside")
            theme.set_icon(action, icon)
            action.triggered.connect(lambda _=False, tool=tool: self.view.set_tool(tool) if self.view else None)
            group.addAction(action)
            made.append(button_of(action))
        return made

    def _lay_out(self) -> None:
        header = QHBoxLayout()
        for action in ("again", "tsne"):
            header.addWidget(button_of(self.actions_by_id[action]))
        for button in self._tools:
            header.addWidget(button)
        header.addStretch(1)
        for action in ("all_in_sight", "curate"):
            header.addWidget(button_of(self.actions_by_id[action]))
        for label in (self.summary, self.how, self.empty):
            label.setProperty("dim", True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setAccessibleName("Colours of the map")
        self.summary.setAccessibleDescription("What is selected on the map")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        footer = QHBoxLayout()
        footer.addWidget(self.legend, 1)
        footer.addWidget(self.summary)
        self._column = QVBoxLayout(self)
        self._column.addLayout(header)
        self._column.addWidget(self.empty, 1)
        self._column.addWidget(self.how)
        self._column.addLayout(footer)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
