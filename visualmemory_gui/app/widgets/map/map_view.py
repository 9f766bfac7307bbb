"""The map of the memory: dots, or images where they fit; it is moved, enlarged, and selected on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.exemplars import NONE, Ids
from visualmemory_gui.app.models.grid_cells import Cells, tip
from visualmemory_gui.app.models.map import MapImage, Spots, inside, nearest_spot
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.map.camera import Camera
from visualmemory_gui.app.widgets.map.layer import Layer, Scene, paint_layer
from visualmemory_gui.app.widgets.map.signs import paint_neighbours, paint_query
from visualmemory_gui.app.widgets.map.tile_painter import TilePainter, paint_thumbnail

Tool = Literal["move", "box", "lasso"]
REACH_PT = 5.0
STEP = 0.1  # of what is in view, for each press of an arrow key
NOTCH = 1.25  # the factor of one notch of the wheel
PAINT_MS = 12  # at most so long a layer that no longer fits is shown before the next is painted
LASSO_STEP = 3  # pixels between two corners of a lasso
CARD_PT = 96.0  # the image of the exemplar under the mouse


@dataclass(slots=True)
class Drag:
    """A drag of the mouse: what it does, where it began, and the way so far."""

    tool: Tool
    start: QPointF
    way: list[tuple[float, float]]
    moved: bool = False


class MapView(QWidget):
    """The map. ``selected`` are ids (n,) increasing; ``cells(ids)`` describes exemplars, ``thumbnails`` has the images.

    The left button does what the tool says; the middle one always moves the map, and Shift selects a box in addition.
    """

    selection_changed = Signal()
    outlined = Signal(object)  # ids (n,): what a box or lasso went around
    activated = Signal(int)  # the exemplar under a double click
    menu_requested = Signal(QPoint)  # global

    def __init__(self, cells: Cells, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mapView")
        self.setAccessibleName("Map of the memory")
        self.setAccessibleDescription("The list beside it has the same exemplars and the same selection.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(theme.px(150), theme.px(120))
        self._cells, self._thumbnails = cells, thumbnails
        self._tool: Tool = "move"
        self.selected: Ids = NONE
        self.camera = Camera(1, 1)
        self._image: MapImage | None = None
        self._group: npt.NDArray[np.int64] = NONE
        self._slots: tuple[int, ...] = ()
        self._query: Spots | None = None
        self._near: Ids = NONE
        self._layer: Layer | None = None
        self._tiles = TilePainter(thumbnails)
        self._stale = True
        self._drag: Drag | None = None
        self._hovered: int | None = None  # an index into the exemplars of the image
        self._fitted = True  # until the user looks closer
        self._painter = QTimer(self, singleShot=True, interval=PAINT_MS)
        self._painter.timeout.connect(self._paint_again)
        thumbnails.loaded.connect(self._on_loaded)
        theme.notifier.changed.connect(self._on_theme)
        self._tiles.set_font(self.font())

    @property
    def tool(self) -> Tool:
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        self._tool = tool
        self._show_cursor()

    def show_image(self, image: MapImage | None, group: npt.NDArray[np.int64], slots: tuple[int, ...]) -> None:
        """Show ``image``, each exemplar in the colour of its ``group`` (n,): an index into ``slots``, or one more for
        grey. What was selected stays selected if it is still there."""
        before = self._image
        first = image is not None and (before is None or image.method != before.method)
        self._image, self._group, self._slots, self._hovered = image, group, slots, None
        if image is None:
            self._tiles.clear()
            self._layer = None
        else:
            kept = self.selected[np.isin(self.selected, image.ids)]
            if len(kept) != len(self.selected):
                self.select(kept)
            if first or self._fitted:
                self.see_all()
        self.repaint_dots()

    def mark(self, query: Spots | None, near: Ids) -> None:
        """Mark the query with a star, and the exemplars ``near`` (n,) with squares."""
        self._query, self._near = query, near
        self.update()

    def set_room_below(self, room: int) -> None:
        """A note floats over the map: what lies below it can be moved up."""

    def select(self, ids: Ids) -> None:
        """Select these ids and no others."""
        if not np.array_equal(ids, self.selected):
            self.selected = ids
            self.repaint_dots()
            self.selection_changed.emit()

    def select_in_sight(self) -> None:
        image = self._image
        if image is not None:
            pixels = self.camera.pixels_of(image.xy)
            seen = ((pixels >= 0) & (pixels <= np.array((self.width(), self.height())))).all(axis=1)
            self.select(image.ids[seen])

    def see_all(self) -> None:
        if self._image is not None:
            self.look(self.camera.fitted(self._image.xy))
            self._fitted = True

    def repaint_dots(self) -> None:
        """Paint all of it again: what is to be seen has changed, not only from where."""
        self._stale = True
        self.update()

    def pixel_of(self, exemplar: int) -> QPointF | None:
        """Where an exemplar is in the view, None if it is not on the map."""
        image = self._image
        xy = image.spots_of(np.array([exemplar])) if image is not None else np.empty((0, 2), np.float32)
        return QPointF(*map(float, self.camera.pixels_of(xy)[0])) if len(xy) else None

    def exemplar_at(self, spot: QPointF) -> int | None:
        """The exemplar that is painted there; None if there is none."""
        at = self._at(spot)
        return int(self._image.ids[at]) if at is not None and self._image is not None else None

    @property
    def shows_images(self) -> bool:
        """Whether some exemplars are shown as images."""
        return self._layer is not None and len(self._layer.tiles.at) > 0

    # Events

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.current().surface))
        if self._image is None:
            return
        if self._stale:
            self._paint_layer()
        layer = self._layer
        if layer is None:
            return
        if not layer.covers(self.camera) and not self._painter.isActive():
            self._painter.start()
        painter.drawImage(layer.place(self.camera), layer.image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_near(painter, layer)
        if self._query is not None:
            paint_query(painter, self.camera.pixels_of(self._query))
        self._paint_outline(painter)
        if self._drag is None and self._hovered is not None:
            self._paint_card(painter, self._hovered)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.current().accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        fitted = self._fitted
        self.look(self.camera.resized(max(1, self.width()), max(1, self.height())))
        if fitted:
            self.see_all()

    def wheelEvent(self, event: QWheelEvent) -> None:
        spot = event.position()
        self.look(self.camera.zoomed(NOTCH ** (event.angleDelta().y() / 120), spot.x(), spot.y()))
        self._hover(spot)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        more = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.MiddleButton:
            tool: Tool = "move"
        elif event.button() == Qt.MouseButton.LeftButton:
            tool = "box" if more and self._tool == "move" else self._tool
        else:
            return
        start = event.position()
        self._drag = Drag(tool, start, [(start.x(), start.y())])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        drag, here = self._drag, event.position()
        if drag is None:
            self._hover(here)
            return
        if not drag.moved and (here - drag.start).manhattanLength() < QApplication.startDragDistance():
            return
        drag.moved = True
        if drag.tool == "move":
            before = drag.way[-1]
            self.look(self.camera.moved(here.x() - before[0], here.y() - before[1]))
        if drag.tool != "lasso" or (here - QPointF(*drag.way[-1])).manhattanLength() >= LASSO_STEP:
            drag.way.append((here.x(), here.y()))
        self._show_cursor()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        self._show_cursor()
        if drag is None:
            return
        keys = event.modifiers()
        more = bool(keys & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier))
        if not drag.moved and event.button() == Qt.MouseButton.LeftButton:
            self._click(event.position(), more=more)
        elif drag.moved and drag.tool != "move":
            self._select_within(_outline(drag), more=more)
        self._hover(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self.exemplar_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and found is not None:
            self.activated.emit(found)

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu of the selection, which becomes what is under the mouse if that is not part of it."""
        found = self.exemplar_at(QPointF(event.pos()))
        if event.reason() == QContextMenuEvent.Reason.Mouse and found is not None and found not in self.selected:
            self.select(np.array([found]))
        self.menu_requested.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: (1, 0), Qt.Key.Key_Right: (-1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        if event.key() in moves:
            right, down = moves[Qt.Key(event.key())]
            self.look(self.camera.moved(right * STEP * self.width(), down * STEP * self.height()))
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            factor = 1 / NOTCH if event.key() == Qt.Key.Key_Minus else NOTCH
            self.look(self.camera.zoomed(factor, self.width() / 2, self.height() / 2))
        elif event.key() == Qt.Key.Key_Escape and (self._drag is not None or len(self.selected)):
            self._let_go()
        else:
            super().keyPressEvent(event)

    # What they do

    def look(self, camera: Camera) -> None:
        """Show the map as ``camera`` sees it."""
        self.camera, self._fitted = camera, False
        self.update()

    def _let_go(self) -> None:
        """Give up the outline that is being drawn, else the selection."""
        if self._drag is not None:
            self._drag = None
            self.update()
        else:
            self.select(NONE)

    def _click(self, spot: QPointF, *, more: bool) -> None:
        found = self.exemplar_at(spot)
        hit = np.array([found] if found is not None else [], np.int64)
        self.select(np.setxor1d(self.selected, hit) if more else hit)

    def _select_within(self, outline: Spots, *, more: bool) -> None:
        image = self._image
        if image is not None:
            hit = image.ids[inside(image.xy, self.camera.places_of(outline))]
            self.select(np.union1d(self.selected, hit) if more else hit)
            self.outlined.emit(self.selected)
        self.update()

    def _hover(self, spot: QPointF) -> None:
        at = self._at(spot)
        if at != self._hovered:
            self._hovered = at
            self.update()

    def _at(self, spot: QPointF) -> int | None:
        """The index of the exemplar whose image or dot is there."""
        image, layer = self._image, self._layer
        if image is None:
            return None
        if layer is not None and len(layer.tiles.at) and layer.covers(self.camera):
            corner = layer.place(self.camera).topLeft()
            found = layer.tiles.under(spot.x() - corner.x(), spot.y() - corner.y())
            if found is not None:
                return found
        reach = theme.px(REACH_PT) / self.camera.scale
        return nearest_spot(image.xy, self.camera.place_of(spot.x(), spot.y()), within=(reach, reach))

    def _on_loaded(self, ids: list[int]) -> None:
        """Show images that have arrived."""
        if self.shows_images:
            self._stale = True
        self.update()

    def _on_theme(self) -> None:
        self._tiles.clear()
        self.repaint_dots()

    def _paint_again(self) -> None:
        if self._layer is None or not self._layer.covers(self.camera):
            self.repaint_dots()

    def _paint_layer(self) -> None:
        image = self._image
        if image is None:
            return
        self._stale = False
        scene = Scene(
            image,
            self._group,
            [*(theme.chip_colour(slot) for slot in self._slots), theme.chip_colour(None)],
            np.isin(image.ids, self.selected, assume_unique=True)
            if len(self.selected)
            else np.zeros(len(image.ids), bool),
            self._tiles,
        )
        self._layer = paint_layer(scene, self.camera, self.devicePixelRatioF())

    def _show_cursor(self) -> None:
        drag = self._drag
        moving = drag is not None and drag.moved and drag.tool == "move"
        shapes = Qt.CursorShape
        idle = shapes.OpenHandCursor if self._tool == "move" else shapes.CrossCursor
        self.setCursor(shapes.ClosedHandCursor if moving else idle)

    def _paint_near(self, painter: QPainter, layer: Layer) -> None:
        """Mark the neighbours of the query: around the image of those that have one."""
        image = self._image
        if image is None or not len(self._near):
            return
        at = np.flatnonzero(np.isin(image.ids, self._near))
        shown = layer.tiles.at if layer.covers(self.camera) else NONE
        with_image = np.isin(at, shown)
        paint_neighbours(painter, self.camera.pixels_of(image.xy[at[~with_image]]))
        if with_image.any():
            corner = layer.place(self.camera).topLeft()
            tiles = layer.tiles.pixels[np.isin(shown, at)] + np.array((corner.x(), corner.y()), np.float32)
            paint_neighbours(painter, tiles, layer.tiles.side / 2 + 1.5)

    def _paint_outline(self, painter: QPainter) -> None:
        drag = self._drag
        if drag is None or not drag.moved or drag.tool == "move":
            return
        accent = QColor(theme.current().accent)
        painter.setPen(QPen(accent, 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(accent.red(), accent.green(), accent.blue(), 40))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in _outline(drag).tolist()]))

    def _paint_card(self, painter: QPainter, at: int) -> None:
        """Show the image and the label of an exemplar beside it."""
        image = self._image
        cells = self._cells(image.ids[at : at + 1]) if image is not None else []
        if image is None or not cells:
            return
        text = tip(cells[0]) + ("\nplaced since" if image.placed[at] else "")
        lines, side, pad = text.split("\n"), theme.px(CARD_PT), theme.px(4)
        metrics = self.fontMetrics()
        wide = min(max(side, *(metrics.horizontalAdvance(line) for line in lines)), theme.px(220))
        high = side + pad + metrics.height() * len(lines)
        x, y = self.camera.pixels_of(image.xy[at : at + 1])[0].tolist()
        away = theme.px(14)
        left = x + away if x + away + wide + 2 * pad < self.width() else x - away - wide - 2 * pad
        top = min(max(y - high / 2, 2.0), max(2.0, self.height() - high - 2 * pad - 2))
        card = QRectF(max(2.0, left), top, wide + 2 * pad, high + 2 * pad)
        c = theme.current()
        painter.setPen(QPen(QColor(c.line), 1))
        painter.setBrush(QColor(c.surface))
        painter.drawRoundedRect(card, theme.px(4), theme.px(4))
        shown = self._thumbnails.get(int(image.ids[at]))
        if shown is not None:
            shown = QPixmap(shown)
            shown.setDevicePixelRatio(self.devicePixelRatioF())
        box = QRectF(card.center().x() - side / 2, card.y() + pad, side, side)
        paint_thumbnail(painter, box, shown, struck=bool(image.struck[at]))
        for number, line in enumerate(lines):
            room = QRectF(card.x() + pad, box.bottom() + pad + number * metrics.height(), wide, metrics.height())
            painter.setPen(QColor(c.text if number == 0 else c.dim))
            painter.drawText(room, 0, metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, int(wide)))


def _outline(drag: Drag) -> Spots:
    """What a drag goes around, (n, 2) in pixels."""
    if drag.tool == "lasso":
        return np.array(drag.way, np.float32)
    (x0, y0), (x1, y1) = drag.way[0], drag.way[-1]
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
