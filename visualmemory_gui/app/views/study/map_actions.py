"""The actions of the map: one table for what acts on the selection, one for what acts on the view."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from visualmemory_gui.app.actions.action import Action
from visualmemory_gui.app.actions.exemplar_actions import (
    ASK,
    COMPARE,
    NAMES_ON_ORIGINAL,
    ON_ORIGINAL,
    PREVIEW,
    RELABEL,
    RESTORE,
    SET_TRUST,
    STRIKE,
)

if TYPE_CHECKING:
    from visualmemory_gui.app.views.study.map_page import MapPage
    from visualmemory_gui.engine.experiments.map import Method

ACTIONS: tuple[Action[MapPage], ...] = (
    Action("again", "Main directions (PCA)", "Lay the map out by principal components: fast", "axis-arrow",
           lambda page: page.lay_out("pca"), (), ("enough",), checkable=True),
    Action("tsne", "Neighbourhoods (t-SNE)", "Lay the map out so that similar exemplars lie together: slower",
           "dots-hexagon", lambda page: page.lay_out("tsne"), (), ("enough", "tsne"), checkable=True),
    Action("move", "Move", "Drag to move the map; the wheel enlarges it; a click selects", "cursor-move",
           lambda page: page.use("move"), ("M",), (), checkable=True),
    Action("box", "Box", "Drag a box around exemplars to select them; Shift adds", "selection",
           lambda page: page.use("box"), ("B",), (), checkable=True),
    Action("lasso", "Lasso", "Drag around exemplars to select them; Shift adds", "lasso",
           lambda page: page.use("lasso"), ("L",), (), checkable=True),
    Action("fit", "Show all", "Bring all of the map into view", "fit-to-page-outline",
           lambda page: page.see_all(), ("0",), ("drawn",)),
    STRIKE,
    RESTORE,
    RELABEL,
    SET_TRUST,
    COMPARE,
    *ON_ORIGINAL,
    Action("curate", "Show {} in Curate", "Look at the selected exemplars alone, in Curate", "view-grid-outline",
           lambda page: page.curate(), ("O",), ("selection",)),
)  # fmt: skip
VIEW_ACTIONS: tuple[Action[MapPage], ...] = (
    Action("all_in_sight", "Select all in view", "Select every exemplar that is in view", "select-all",
           lambda page: page.all_in_sight(), ("Ctrl+A",), ("drawn",)),
    replace(ASK, keys=("Return",)),
    replace(PREVIEW, needs=("one",)),
)  # fmt: skip
LAYOUTS: dict[Method, str] = {"pca": "again", "tsne": "tsne"}
TOOLS = ("move", "box", "lasso")
ON_SELECTION = ("relabel", "strike", "restore", "trust", None, "ask", "compare", "curate", None, *NAMES_ON_ORIGINAL)
KEYS: tuple[tuple[str, str], ...] = (
    ("Arrows, +, -", "On the map: move and enlarge it; in the list: move through the exemplars"),
    ("Shift with the mouse", "On the map: drag a box, or click, to select in addition"),
    ("Esc", "Select nothing; the list shows all exemplars again"),
)
