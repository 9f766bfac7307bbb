"""Images of cards, prepared for painting in whatever thread reads them."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath

from visualmemory_gui.app.models.thumbnails import scaled

CORNER = 0.028  # of the side
_KEEP = Qt.AspectRatioMode.KeepAspectRatio


def card_image(jpeg: bytes, side: int) -> QImage:
    """The image with its longest side at most ``side`` pixels, on white, with round corners; a null image if there
    is none."""
    return rounded(scaled(jpeg, side), CORNER * side)


def card_layer(image: QImage, side: int, size: QSize) -> QImage:
    """``image`` to replace a card's own of ``size`` (empty if it has none), covering exactly its pixels."""
    smooth = Qt.TransformationMode.SmoothTransformation
    room = size if not size.isEmpty() else image.size().boundedTo(image.size().scaled(side, side, _KEEP))
    return rounded(image.scaled(room, Qt.AspectRatioMode.IgnoreAspectRatio, smooth), CORNER * side)


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
