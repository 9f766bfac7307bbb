"""The map painted into one image, somewhat larger than the view, which is then moved as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen, QPixmap

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.map import MapImage
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.map import dots
from visualmemory_gui.app.widgets.map.camera import Camera
from visualmemory_gui.app.widgets.map.tiles import Tiles, tiles_of

MARGIN = 0.25  # of the view on each side, so that a move of the map need not paint at once
CELL_PT = 36.0
FADED = 0.3  # what is left of the colour of an exemplar that does not vote


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """An ``image`` of what ``camera`` sees, which sees MARGIN more than the view on each side, and its ``tiles``."""

    image: QImage
    camera: Camera
    tiles: Tiles
    pixels: npt.NDArray[np.uint32]  # the memory of ``image``

    def place(self, camera: Camera) -> QRectF:
        """The rectangle of the view of ``camera`` where the image belongs now."""
        grown = camera.scale / self.camera.scale
        middle = camera.pixels_of(np.array([(self.camera.x, self.camera.y)], np.float32))[0]
        wide, high = self.camera.width * grown, self.camera.height * grown
        return QRectF(float(middle[0]) - wide / 2, float(middle[1]) - high / 2, wide, high)

    def covers(self, camera: Camera) -> bool:
        """Whether it shows at the present size all that ``camera`` sees."""
        room = self.place(camera).adjusted(-1, -1, 1, 1)
        return self.camera.scale == camera.scale and room.contains(QRectF(0, 0, camera.width, camera.height))


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is painted: the exemplars of ``image``, those with True in ``selected`` (n,) marked, in the colours of their
    classes, ``colours`` for each group of ``group`` (n,)."""

    image: MapImage
    group: npt.NDArray[np.int64]
    colours: list[QColor]
    selected: npt.NDArray[np.bool_]
    thumbnails: Thumbnails
    font: QFont


def paint_layer(scene: Scene, camera: Camera, ratio: float) -> Layer:
    """Paint ``scene`` as ``camera`` sees it, on a screen of that device pixel ratio."""
    wider = replace(
        camera,
        width=round(camera.width * (1 + 2 * MARGIN)),
        height=round(camera.height * (1 + 2 * MARGIN)),
    )
    sharp = replace(wider, width=wider.width * ratio, height=wider.height * ratio, scale=wider.scale * ratio)
    canvas = dots.canvas_of(int(sharp.width), int(sharp.height), QColor(theme.current().surface).rgba())
    _paint_dots(canvas, scene, sharp, ratio)
    height, width = canvas.shape
    image = QImage(canvas.data, width, height, 4 * width, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    tiles = tiles_of(wider, scene.image.xy, theme.px(CELL_PT))
    if len(tiles.at):
        painter = QPainter(image)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(scene.font)
        _paint_tiles(painter, scene, tiles)
        painter.end()
    return Layer(image, wider, tiles, canvas)


def _paint_dots(canvas: dots.Canvas, scene: Scene, camera: Camera, ratio: float) -> None:
    """Other classes first, then those with a colour; exemplars that do not vote are faded crosses below them all."""
    shown, c = scene.image, theme.current()
    pixels = camera.pixels_of(shown.xy)
    radius = theme.px(100) / 100 * dots.radius_of(len(shown.ids)) * ratio
    palette = np.array([colour.rgba() for colour in scene.colours], np.uint32)
    faded = np.array([theme.mixed(each.name(), c.surface, 1 - FADED).rgba() for each in scene.colours], np.uint32)
    others = scene.group == len(scene.colours) - 1
    dot, ring, cross = (dots.stamp_of("dot", radius), dots.stamp_of("ring", radius + 1), dots.stamp_of("cross", radius))
    layers = (
        (shown.struck, faded, cross),
        (~shown.struck & others & ~shown.placed, palette, dot),
        (~shown.struck & ~others & ~shown.placed, palette, dot),
        (~shown.struck & shown.placed, palette, ring),
    )
    for rows, paints, stamp in layers:
        if rows.any():
            dots.paint_dots(canvas, pixels[rows], paints[scene.group[rows]], stamp)
    if scene.selected.any():
        marked = pixels[scene.selected]
        text = np.full(len(marked), QColor(c.text).rgba(), np.uint32)
        dots.paint_dots(canvas, marked, text, dots.stamp_of("outline", radius + 2 * ratio))


def _paint_tiles(painter: QPainter, scene: Scene, tiles: Tiles) -> None:
    """Images in frames of their classes' colours; the selected ones in a second frame."""
    side, c = tiles.side, theme.current()
    for at, (left, top), more in zip(tiles.at.tolist(), tiles.pixels.tolist(), tiles.more.tolist(), strict=True):
        box = QRectF(left - side / 2, top - side / 2, side, side)
        colour = scene.colours[int(scene.group[at])]
        painter.fillRect(box, QColor(c.surface))
        image = scene.thumbnails.get(int(scene.image.ids[at]))
        paint_thumbnail(painter, box.adjusted(2.5, 2.5, -2.5, -2.5), image, struck=bool(scene.image.struck[at]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        style = Qt.PenStyle.DotLine if scene.image.placed[at] else Qt.PenStyle.SolidLine
        painter.setPen(QPen(colour, 2.0, style))
        painter.drawRect(box.adjusted(1, 1, -1, -1))
        if scene.selected[at]:
            painter.setPen(QPen(QColor(c.text), 2.5))
            painter.drawRect(box.adjusted(-2, -2, 2, 2))
        if more:
            _paint_more(painter, box, f"+{more:,}")


def paint_thumbnail(painter: QPainter, box: QRectF, image: QPixmap | None, *, struck: bool) -> None:
    """Paint ``image`` in the middle of ``box``; None while it is loading, a null pixmap where there is none."""
    c = theme.current()
    if image is None or image.isNull():
        painter.fillRect(box, QColor(c.track))
    else:
        shown = image.size().scaled(box.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        middle = box.center()
        place = QRectF(middle.x() - shown.width() / 2, middle.y() - shown.height() / 2, shown.width(), shown.height())
        painter.setOpacity(FADED if struck else 1.0)
        painter.drawPixmap(place, image, QRectF(image.rect()))
        painter.setOpacity(1.0)
    if struck:
        painter.setPen(QPen(QColor(c.danger), theme.px(1.5)))
        inset = QPointF(box.width() * 0.1, box.height() * 0.1)
        painter.drawLine(box.topLeft() + inset, box.bottomRight() - inset)


def _paint_more(painter: QPainter, box: QRectF, text: str) -> None:
    """How many exemplars lie below an image, in its corner."""
    c, metrics = theme.current(), painter.fontMetrics()
    wide, high = metrics.horizontalAdvance(text) + theme.px(3), metrics.height()
    badge = QRectF(box.right() - wide, box.bottom() - high, wide, high)
    painter.fillRect(badge, QColor(c.surface))
    painter.setPen(QColor(c.text))
    painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), text)
