"""The map of the memory: where each exemplar is, how it looks there, and what has been placed since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject

from visualmemory_gui.app.models.background_result import BackgroundResult
from visualmemory_gui.app.models.exemplars import Filter, Ids, find
from visualmemory_gui.app.runtime.tasks import Task, Tasks
from visualmemory_gui.engine.errors import BadValue, Cancelled
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Changes, Decision

if TYPE_CHECKING:
    from visualmemory_gui.app.models.query import Query
    from visualmemory_gui.engine.experiments.map import Layout, Method
    from visualmemory_gui.engine.memory.protocol import WholeMemory

AGAIN = "map drawn again"
OUTDATED = 0.05
Spots = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class MapImage:
    """What is painted of ``layout``: ``ids`` (n,) increasing are at ``xy`` (n, 2).

    ``label`` (n,) are indices into ``labels``. ``struck`` and ``placed`` (n,) mark exemplars that do not vote, and
    those placed since the map was laid out; ``gone`` counts those that it was laid out with and that no longer vote.
    """

    layout: Layout
    ids: Ids
    xy: Spots
    label: npt.NDArray[np.int32]
    labels: tuple[str, ...]
    struck: npt.NDArray[np.bool_]
    placed: npt.NDArray[np.bool_]
    gone: int

    @property
    def method(self) -> Method:
        return self.layout.method

    @property
    def outdated(self) -> bool:
        """Whether more than a twentieth of what votes, or voted then, has no part in the layout."""
        return int(self.placed.sum()) + self.gone > OUTDATED * len(self.layout)

    def spots_of(self, ids: Ids) -> Spots:
        """The positions of those ``ids`` that are on the map."""
        return self.xy[np.isin(self.ids, ids)]


class MapModel(BackgroundResult[MapImage]):
    """Lays out in the background, places new exemplars without a new layout, and stores the map with the memory.

    ``count`` is how many exemplars there were when the map was last requested.
    """

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(tasks, "map", parent)
        self._wanted: Method | None = None  # what was laid out last, or is being laid out
        self.count = 0
        self._asked: Spots | None = None  # the query's vector, (1, d)
        self.query: Spots | None = None

    def clear(self) -> None:
        self._tasks.supersede(AGAIN)
        self._asked = self.query = self._wanted = None
        self.count = 0
        super().clear()

    @property
    def enough(self) -> bool:
        """Whether there are as many exemplars as a map needs."""
        from visualmemory_gui.engine.experiments.map import LEAST

        return self.count >= LEAST

    def begin(self) -> None:
        """Show the map stored with the memory, else lay one out immediately."""
        memory = self._memory
        if memory is None or self.found is not None or self.running:
            return
        self.count = int(memory.snapshot.active.sum())
        if self.enough:
            self._wanted = None
            self.run("Drawing the map", lambda m, report: drawn(m, kept(m) or laid_out(m, "pca", report)))

    def lay_out(self, method: Method) -> None:
        """Lay out again, in sight; if stopped, what is there stays. A layout that is already running is not
        restarted."""
        if self.running and self._wanted == method:
            return
        self._wanted = method

        def grow(memory: WholeMemory, report: Report) -> MapImage:
            def show(layout: Layout) -> None:
                image = drawn(memory, layout)
                self._tasks.post(lambda: self._show_growing(image, task))

            return drawn(memory, laid_out(memory, method, report, show))

        self.run("Laying out the map", grow)
        task = self._task

    def on_changed(self, changes: Changes) -> None:
        """Put new exemplars on the map immediately; on a forget drop them, and the layout they contributed to."""
        if changes.forgotten:
            self.clear()
        elif changes.ids:
            self._edits_meanwhile += 1
            self._draw_again()

    def on_decided(self, query: Query | None, decision: Decision | None) -> None:
        """Place the query among the exemplars."""
        self._asked = query.vector[None] if query is not None and decision is not None else None
        self._place_query()

    def _take(self, found: MapImage) -> None:
        super()._take(found)
        self._place_query()
        if self.edits_since:
            self._draw_again()

    def _show_growing(self, image: MapImage, task: Task | None) -> None:
        """Show a stage of the layout that ``task`` makes, unless that is over."""
        if task is not None and task is self._task:
            self.query = None
            self._put(image)
            self.updated.emit()

    def _draw_again(self) -> None:
        """Draw the same layout with the present exemplars."""
        memory, shown = self._memory, self.found
        if memory is None or shown is None:
            return

        def take(image: MapImage) -> None:
            if self.found is not None and image.layout is self.found.layout:  # else a new layout came first
                self._put(image)
                self.updated.emit()
                self._place_query()

        self._tasks.run_edit("Drawing the map", lambda: drawn(memory, shown.layout), take, topic=AGAIN)

    def _place_query(self) -> None:
        memory, shown, vector = self._memory, self.found, self._asked
        if memory is None or shown is None or vector is None:
            self._query_placed(None)
        else:
            self._tasks.run_edit("Placing the query", lambda: placed(memory, shown.layout, vector), self._query_placed)

    def _query_placed(self, spot: Spots | None) -> None:
        self.query = spot
        self.updated.emit()


def kept(memory: WholeMemory) -> Layout | None:
    """The map stored with the memory; None if there is none, or none that makes sense."""
    from visualmemory_gui.engine.experiments.map import KEPT, Layout

    found = memory.results.get(KEPT)
    try:
        return None if found is None else Layout.from_text(found)
    except BadValue:
        return None


def laid_out(
    memory: WholeMemory, method: Method, report: Report, show: Callable[[Layout], object] = lambda _: None
) -> Layout:
    """A new map, stored with the memory if it may be written and nothing was forgotten in the meantime.

    ``show`` gets each unfinished stage. Where ``report`` stops it, the last stage is the map; before the first one it
    raises Cancelled.
    """
    from visualmemory_gui.engine.experiments.map import KEPT, stages

    snapshot, layout = memory.snapshot, None
    try:
        for layout in stages(snapshot, method, report=report):
            if not layout.finished:
                show(layout)
    except Cancelled:
        if layout is None:
            raise
    assert layout is not None  # there is a stage at least
    if not memory.readonly:
        memory.results.keep(KEPT, layout.to_text(), change=snapshot.change, seen=layout.ids)
    return layout


def placed(memory: WholeMemory, layout: Layout, vectors: npt.NDArray[np.float32]) -> Spots:
    """The positions (n, 2) of ``vectors`` on a finished ``layout``."""
    from visualmemory_gui.engine.experiments.map import place

    return place(layout, memory.snapshot, vectors)


def drawn(memory: WholeMemory, layout: Layout) -> MapImage:
    """Every exemplar at its position, struck ones too; those not on ``layout`` yet are placed."""
    snapshot = memory.snapshot
    ids = find(memory, Filter()).ids
    ids = ids[np.isin(ids, snapshot.ids, assume_unique=True)]  # one may be forgotten meanwhile
    at = np.minimum(np.searchsorted(layout.ids, ids), max(0, len(layout.ids) - 1))
    there = layout.ids[at] == ids
    xy = layout.xy[at]
    rows = snapshot.rows_of(ids)
    if not there.all():
        xy[~there] = placed(memory, layout, snapshot.vectors[rows[~there]])
    active = snapshot.active[rows]
    gone = len(layout.ids) - int((there & active).sum())
    return MapImage(layout, ids, xy, snapshot.label[rows], snapshot.labels, ~active, ~there & active, gone)


def nearest_spot(xy: Spots, spot: tuple[float, float], *, within: tuple[float, float]) -> int | None:
    """The index of the exemplar nearest to ``spot`` within that many units each way, None if there is none."""
    far = np.abs((xy - np.array(spot, np.float32)) / np.array(within, np.float32))
    near = np.flatnonzero((far <= 1).all(axis=1))
    return int(near[(far[near] ** 2).sum(axis=1).argmin()]) if len(near) else None


def inside(xy: Spots, outline: Spots) -> npt.NDArray[np.bool_]:
    """Which of ``xy`` (n, 2) are inside the closed ``outline`` (m, 2), by the even-odd rule."""
    found = np.zeros(len(xy), bool)
    if not len(outline):
        return found
    near = np.flatnonzero(((xy >= outline.min(axis=0)) & (xy <= outline.max(axis=0))).all(axis=1))
    x, y = xy[near].T
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        crosses = (y0 > y) != (y1 > y)
        if crosses.any():
            at = x0 + (y[crosses] - y0) * (x1 - x0) / (y1 - y0)
            found[near[np.flatnonzero(crosses)[x[crosses] < at]]] ^= True
    return found
