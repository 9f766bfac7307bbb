"""The map painted into one image, somewhat larger than the view, which is then moved as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.map import MapImage
from visualmemory_gui.app.widgets.map import dots
from visualmemory_gui.app.widgets.map.camera import Camera
from visualmemory_gui.app.widgets.map.tile_painter import FADED, TileLook, TilePainter
from visualmemory_gui.app.widgets.map.tiles import Tiles, tiles_of

MARGIN = 0.2  # of the view on each side, so that a move of the map need not paint at once
CELLS_PT = (60.0, 44.0, 32.0)  # the sides of images, the largest that fit are taken


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
    painter: TilePainter


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
    tiles = tiles_of(wider, scene.image.xy, [theme.px(side) for side in CELLS_PT])
    if len(tiles.at):
        painter = QPainter(image)
        _paint_tiles(painter, scene, tiles, ratio)
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


def _paint_tiles(painter: QPainter, scene: Scene, tiles: Tiles, ratio: float) -> None:
    scene.painter.set_size(tiles.side, ratio)
    shown, colours = scene.image, [colour.rgba() for colour in scene.colours]
    parts = (
        shown.ids[tiles.at].tolist(),
        scene.group[tiles.at].tolist(),
        shown.struck[tiles.at].tolist(),
        shown.placed[tiles.at].tolist(),
        scene.selected[tiles.at].tolist(),
        tiles.more.tolist(),
        np.round(tiles.pixels - scene.painter.half).tolist(),
    )
    for exemplar, group, struck, placed, selected, more, (left, top) in zip(*parts, strict=True):
        look = TileLook(exemplar, colours[group], struck, placed, selected, more)
        painter.drawPixmap(QPointF(left, top), scene.painter.drawn(look))
