"""Paints the map: exemplars as dots, above 20,000 as pixels; highlights the selection, the query and its neighbours.

Imported when a map is first shown: pyqtgraph is slow to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.map import MapImage, Spots, inside, nearest_spot
from visualmemory_gui.engine.types import F64, I64

if TYPE_CHECKING:
    from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent, MouseDragEvent

MOST_DOTS = 20_000
DOT_PT, LIT_PT = 3.5, 8.0
REACH_PT = 5.0
STEP = 0.1  # of what is in view, per key press
Tool = Literal["box", "lasso"]


class MapView(pg.PlotWidget):  # type: ignore[misc]
    """The map. ``selected`` are ids (n,) increasing. A drag selects, the wheel zooms, the middle button moves."""

    selection_changed = Signal()
    activated = Signal(int)  # the exemplar under a double click

    def __init__(self, parent: QWidget | None = None) -> None:
        self.box = box = SelectingBox(self._on_outline)
        super().__init__(parent, viewBox=box)
        self.setObjectName("mapView")
        self.setAccessibleName("Map of the memory")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hideAxis("left")
        self.hideAxis("bottom")
        self.hideButtons()
        self.setMenuEnabled(False)
        box.setAspectLocked(True)
        self.selected: I64 = np.empty(0, np.int64)
        self._image: MapImage | None = None
        self._dots: list[pg.ScatterPlotItem] = []
        self._pixels = pg.ImageItem()
        self._lit = pg.ScatterPlotItem(pxMode=True)
        self._near = pg.ScatterPlotItem(pxMode=True)
        self._query = pg.ScatterPlotItem(pxMode=True, symbol="star")
        self._outline = pg.PlotCurveItem()
        for depth, item in enumerate((self._pixels, self._near, self._lit, self._query, self._outline), start=10):
            item.setZValue(depth)
            self.addItem(item)
        self._pixels.setZValue(0)
        self._later = QTimer(self, singleShot=True, interval=30)
        self._later.timeout.connect(self._paint_pixels)
        box.sigRangeChanged.connect(lambda *_: self._later.start())
        self.scene().sigMouseClicked.connect(self._on_clicked)
        theme.notifier.changed.connect(self._recolour)
        self._recolour()

    def set_tool(self, tool: Tool) -> None:
        self.box.tool = tool

    def show_image(self, image: MapImage | None) -> None:
        """Paint ``image``; what was selected stays selected if it is still there."""
        first = self._image is None or (image is not None and image.method != self._image.method)
        self._image = image
        self._paint_dots()
        self._paint_pixels()
        if image is not None:
            self.select(self.selected[np.isin(self.selected, image.ids)])
            if first:
                self.see_all()

    def light_up(self, query: Spots | None, near: Spots | None) -> None:
        """Mark the query with a star and its neighbours with rings."""
        colours = theme.current()
        empty = np.empty((0, 2))
        self._query.setData(
            pos=empty if query is None else query, size=theme.px(12), brush=colours.danger, pen=colours.surface
        )
        ring = pg.mkPen(colours.text, width=2)
        self._near.setData(pos=empty if near is None else near, size=theme.px(LIT_PT), brush=None, pen=ring)

    def select(self, ids: I64) -> None:
        """Select these ids and no others."""
        self.selected = ids
        spots = self._image.spots_of(ids) if self._image is not None else np.empty((0, 2))
        self._lit.setData(
            pos=spots, size=theme.px(DOT_PT + 1.5), brush=theme.current().accent, pen=theme.current().text
        )
        self.selection_changed.emit()

    def select_in_sight(self) -> None:
        if self._image is not None:
            self.select(self._image.ids[self._in_sight(self._image.xy)])

    def see_all(self) -> None:
        if self._image is not None and len(self._image.xy):
            low, high = self._image.xy.min(axis=0), self._image.xy.max(axis=0)
            self.box.setRange(QRectF(QPointF(*map(float, low)), QPointF(*map(float, high))), padding=0.05)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        if event.key() in moves:
            x, y = moves[Qt.Key(event.key())]
            (left, right), (low, high) = self.box.viewRange()
            self.box.translateBy(x=x * STEP * (right - left), y=y * STEP * (high - low))
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            out = event.key() == Qt.Key.Key_Minus
            self.box.scaleBy((1.25, 1.25) if out else (0.8, 0.8))
        elif event.key() == Qt.Key.Key_0:
            self.see_all()
        elif event.key() == Qt.Key.Key_Escape and len(self.selected):
            self.select(self.selected[:0])
        else:
            super().keyPressEvent(event)

    def _on_clicked(self, event: MouseClickEvent) -> None:
        """Select the dot under a click, with Ctrl toggle it; a double click opens it."""
        image = self._image
        if image is None or event.button() != Qt.MouseButton.LeftButton:
            return
        spot, reach = self.box.mapSceneToView(event.scenePos()), theme.px(REACH_PT)
        width, height = self.box.viewPixelSize()
        at = nearest_spot(image.xy, (spot.x(), spot.y()), within=(reach * width, reach * height))
        hit = image.ids[at : at + 1] if at is not None else image.ids[:0]
        if event.double() and len(hit):
            self.activated.emit(int(hit[0]))
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.select(np.setxor1d(self.selected, hit))
        else:
            self.select(hit)

    def _on_outline(self, outline: Spots, *, done: bool, more: bool) -> None:
        """Draw the outline of a drag; on release select what is inside, with Ctrl in addition to what was selected."""
        closed = np.concatenate([outline, outline[:1]]) if len(outline) else np.empty((0, 2))
        self._outline.setData(closed[:, 0], closed[:, 1])
        if done and self._image is not None:
            self._outline.setData([], [])
            hit = self._image.ids[inside(self._image.xy, outline)]
            self.select(np.union1d(self.selected, hit) if more else hit)

    def _in_sight(self, xy: Spots) -> npt.NDArray[np.bool_]:
        (left, right), (low, high) = self.box.viewRange()
        seen: npt.NDArray[np.bool_] = (xy[:, 0] >= left) & (xy[:, 0] <= right) & (xy[:, 1] >= low) & (xy[:, 1] <= high)
        return seen

    def _paint_dots(self) -> None:
        for item in self._dots:
            self.removeItem(item)
        self._dots = []
        image = self._image
        if image is None or len(image.ids) > MOST_DOTS:
            return
        for group, colour in enumerate(self._colours()):
            for struck in (False, True):
                rows = (image.group == group) & (image.struck == struck)
                if rows.any():
                    self._add_dots(image.xy[rows], colour, struck=struck)
        if image.placed.any():
            self._add_dots(image.xy[image.placed], QColor(theme.current().text), struck=False, ring=True)

    def _add_dots(self, xy: Spots, colour: QColor, *, struck: bool, ring: bool = False) -> None:
        """Draw struck exemplars as crosses and ring those placed since the layout: colour alone shows neither."""
        item = pg.ScatterPlotItem(pxMode=True, symbol="x" if struck else "o")
        size = theme.px(DOT_PT + 2 if ring or struck else DOT_PT)
        item.setData(
            pos=xy, size=size, brush=None if ring else colour, pen=pg.mkPen(colour) if ring or struck else None
        )
        item.setZValue(5 if ring else 1)
        self._dots.append(item)
        self.addItem(item)

    def _paint_pixels(self) -> None:
        """Draw pixels, each in the colour of the group that most of its exemplars belong to."""
        image = self._image
        many = image is not None and len(image.ids) > MOST_DOTS
        self._pixels.setVisible(many)
        if image is None or not many:
            return
        size, (xs, ys) = self.box.size(), self.box.viewRange()
        shape = (max(1, int(size.width()) // 2), max(1, int(size.height()) // 2))
        colours = self._colours()
        counts = np.stack([_density(image.xy[image.group == g], xs, ys, shape=shape) for g in range(len(colours))])
        total = counts.sum(axis=0)
        paint = np.array([[c.red(), c.green(), c.blue()] for c in colours], np.uint8)[counts.argmax(axis=0)]
        strength = np.where(total > 0, 110 + 145 * np.minimum(1.0, np.log1p(total) / np.log(10)), 0).astype(np.uint8)
        self._pixels.setImage(np.concatenate([paint, strength[..., None]], axis=2), levels=(0, 255))
        self._pixels.setRect(QRectF(xs[0], ys[0], xs[1] - xs[0], ys[1] - ys[0]))

    def _colours(self) -> list[QColor]:
        """The colours of the named groups, and of all others."""
        colours = theme.current()
        named = len(self._image.names) if self._image is not None else 0
        return [*(QColor(chip) for chip in colours.chips[:named]), QColor(colours.grey_chip)]

    def _recolour(self) -> None:
        colours = theme.current()
        self.setBackground(colours.surface)
        self._outline.setPen(pg.mkPen(colours.accent, width=1, style=Qt.PenStyle.DashLine))
        self._paint_dots()
        self._paint_pixels()
        self.select(self.selected)


def _density(xy: Spots, xs: list[float], ys: list[float], *, shape: tuple[int, int]) -> F64:
    """How many exemplars fall on each pixel."""
    spots = xy.astype(np.float64)
    return np.histogram2d(spots[:, 0], spots[:, 1], bins=shape, range=[xs, ys])[0]


class Outlined(Protocol):
    """A callback for an outline being drawn, and ``done`` when it is finished."""

    def __call__(self, outline: Spots, /, *, done: bool, more: bool) -> None: ...


class SelectingBox(pg.ViewBox):  # type: ignore[misc]
    """A view box where a left drag draws a box or a lasso and reports it by ``told(outline, done=, more=)``."""

    def __init__(self, told: Outlined) -> None:
        super().__init__(enableMenu=False)
        self.tool: Tool = "box"
        self._told = told
        self._path: list[tuple[float, float]] = []

    def mouseDragEvent(self, event: MouseDragEvent, axis: int | None = None) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        start, here = self.mapSceneToView(event.buttonDownScenePos()), self.mapSceneToView(event.scenePos())
        if event.isStart():
            self._path = [(start.x(), start.y())]
        self._path.append((here.x(), here.y()))
        more = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        self._told(self._shape(start, here), done=event.isFinish(), more=more)

    def _shape(self, start: QPointF, here: QPointF) -> Spots:
        if self.tool == "lasso":
            return np.array(self._path, np.float32)
        x0, y0, x1, y1 = start.x(), start.y(), here.x(), here.y()
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
