"""Images of cards, prepared for painting in whatever thread reads them."""

from __future__ import annotations

from math import ceil
from typing import TypeVar

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPixmap

from visualmemory_gui.app.models.thumbnails import scaled

CORNER = 0.028  # of the side
TINY = 64  # pixels: an image no larger is enlarged pixel by pixel, which leaves it crisp
_KEEP = Qt.AspectRatioMode.KeepAspectRatio
_SMOOTH = Qt.TransformationMode.SmoothTransformation
_Image = TypeVar("_Image", QImage, QPixmap)


def card_image(jpeg: bytes, side: int) -> QImage:
    """The image with its longest side ``side`` pixels, on white, with round corners; a null image if there is none."""
    return rounded(fitted_to(scaled(jpeg, side), QSize(side, side)), CORNER * side)


def fitted_to(image: _Image, room: QSize) -> _Image:
    """``image`` as large as ``room`` allows, in pixels; a tiny one stays crisp when it is enlarged."""
    longest = max(image.width(), image.height())
    if image.isNull() or image.size() == room:
        return image
    larger = ceil(max(room.width(), room.height()) / longest)
    if longest <= TINY and larger > 1:
        image = image.scaled(image.size() * larger)
    return image.scaled(room, _KEEP, _SMOOTH)


def card_layer(image: QImage, side: int, size: QSize) -> QImage:
    """``image`` to replace a card's own of ``size`` (empty if it has none), covering exactly its pixels."""
    room = size if not size.isEmpty() else image.size().boundedTo(image.size().scaled(side, side, _KEEP))
    return rounded(image.scaled(room, Qt.AspectRatioMode.IgnoreAspectRatio, _SMOOTH), CORNER * side)


def rounded(image: QImage, radius: float) -> QImage:
    """``image`` on white, its corners cut off at ``radius`` pixels."""
    if image.isNull():
        return image
    made = QImage(image.size(), QImage.Format.Format_ARGB32_Premultiplied)
    made.fill(Qt.GlobalColor.transparent)
    path = QPainterPath()
    path.addRoundedRect(QRectF(made.rect()), radius, radius)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipPath(path)
    painter.fillRect(made.rect(), Qt.GlobalColor.white)
    painter.drawImage(made.rect(), image)
    painter.end()
    return made
