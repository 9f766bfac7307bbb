"""Pixmaps scaled once to the size they are painted at."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPixmap

from visualmemory_gui.app.models.card_images import fitted_to


def fitted(pixmap: QPixmap, width: int, height: int, ratio: float = 1.0) -> QPixmap:
    """``pixmap`` scaled to fit ``width`` x ``height`` logical pixels on a screen of device pixel ``ratio``."""
    room = QSize(max(1, round(width * ratio)), max(1, round(height * ratio)))
    scaled = fitted_to(pixmap, room)
    scaled.setDevicePixelRatio(ratio)
    return scaled


def on_white(pixmap: QPixmap) -> QPixmap:
    """``pixmap`` without transparency: on white, as the encoder sees it."""
    if not pixmap.hasAlphaChannel():
        return pixmap
    opaque = QPixmap(pixmap.size())
    opaque.fill(Qt.GlobalColor.white)
    painter = QPainter(opaque)
    painter.drawPixmap(0, 0, pixmap)
    painter.end()
    return opaque


def paint_centred(painter: QPainter, room: QRectF, pixmap: QPixmap, *, radius: float = 0.0) -> QRectF:
    """Paint ``pixmap`` (already fitted) in the middle of ``room`` with rounded corners; returns its rectangle."""
    size = pixmap.deviceIndependentSize()
    left = round(room.x() + (room.width() - size.width()) / 2)
    top = round(room.y() + (room.height() - size.height()) / 2)
    spot = QRectF(left, top, size.width(), size.height())
    if radius:
        path = QPainterPath()
        path.addRoundedRect(spot, radius, radius)
        painter.save()
        painter.setClipPath(path)
        painter.drawPixmap(spot.topLeft(), pixmap)
        painter.restore()
    else:
        painter.drawPixmap(spot.topLeft(), pixmap)
    return spot


class PixmapCache:
    """The ``limit`` most recently used pixmaps, by any hashable key."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[object, QPixmap] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: object) -> bool:
        return key in self._kept

    def set_limit(self, limit: int) -> None:
        """Keep at most ``limit`` from now on."""
        self._limit = limit

    def get(self, key: object) -> QPixmap | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: object, pixmap: QPixmap) -> QPixmap:
        self._kept[key] = pixmap
        self._kept.move_to_end(key)
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)
        return pixmap

    def drop(self, key: object) -> None:
        self._kept.pop(key, None)

    def clear(self) -> None:
        self._kept.clear()
