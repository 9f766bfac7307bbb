"""The signs of the map: the query's star, the squares of its neighbours, and those of the legend."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPen, QPixmap, QPolygonF

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.map import dots
from visualmemory_gui.app.widgets.map.camera import Pixels

Sign = Literal["dot", "placed", "struck", "selected", "neighbour", "query"]
STAR_PT, SQUARE_PT, ICON_PT = 6.5, 5.0, 10.0


def paint_query(painter: QPainter, pixels: Pixels) -> None:
    """Paint a star at each of ``pixels`` (n, 2)."""
    c, outer = theme.current(), theme.px(STAR_PT)
    painter.setPen(QPen(QColor(c.surface), 1.5))
    painter.setBrush(QColor(c.danger))
    angles = np.pi / 2 + np.arange(10) * np.pi / 5
    far = np.where(np.arange(10) % 2 == 0, outer, outer * 0.42)
    for x, y in pixels.tolist():
        corners = zip((x + far * np.cos(angles)).tolist(), (y - far * np.sin(angles)).tolist(), strict=True)
        painter.drawPolygon(QPolygonF([QPointF(a, b) for a, b in corners]))


def paint_neighbours(painter: QPainter, pixels: Pixels, half: float = 0.0) -> None:
    """Paint a square around each of ``pixels`` (n, 2), which reaches so far from its middle; 0: the usual way."""
    half = half or theme.px(SQUARE_PT)
    painter.setPen(QPen(QColor(theme.current().text), 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for x, y in pixels.tolist():
        painter.drawRect(QRectF(x - half, y - half, 2 * half, 2 * half))


def icon_of(sign: Sign, colour: QColor, ratio: float) -> QIcon:
    """The sign as the map shows it, for the legend."""
    side = round(theme.px(ICON_PT) * ratio)
    whole = 2 * side  # a dot needs room around it
    middle = np.array([(whole / 2, whole / 2)], np.float32)
    canvas = dots.canvas_of(whole, whole, QColor(theme.current().surface).rgba())
    radius = side * 0.3
    if sign in ("dot", "placed", "struck", "selected"):
        shape: dots.Shape = {"placed": "ring", "struck": "cross"}.get(sign, "dot")  # type: ignore[assignment]
        paint = np.array([colour.rgba()], np.uint32)
        inner = radius * 0.7 if sign == "selected" else radius
        dots.paint_dots(canvas, middle, paint, dots.stamp_of(shape, inner))
    if sign == "selected":
        text = np.array([QColor(theme.current().text).rgba()], np.uint32)
        dots.paint_dots(canvas, middle, text, dots.stamp_of("outline", side * 0.42))
    image = QImage(canvas.data, whole, whole, 4 * whole, QImage.Format.Format_RGB32)
    image = image.copy((whole - side) // 2, (whole - side) // 2, side, side)
    image.setDevicePixelRatio(ratio)
    pixmap = QPixmap.fromImage(image)
    if sign in ("neighbour", "query"):
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        spot: Pixels = np.array([(side / 2 / ratio, side / 2 / ratio)], np.float32)
        if sign == "query":
            paint_query(painter, spot)
        else:
            paint_neighbours(painter, spot, theme.px(ICON_PT) / 2 - 2)
        painter.end()
    return QIcon(pixmap)
