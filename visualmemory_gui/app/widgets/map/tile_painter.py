"""How an image on the map looks: in a frame of its class's colour, with the number of those that lie below it."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.cards.card_painter import paint_strike
from visualmemory_gui.app.widgets.cards.pixmap_cache import PixmapCache, paint_centred
from visualmemory_gui.app.widgets.map.tiles import MOST_IMAGES

FADED = 0.3  # what is left of the colour of an exemplar that does not vote
SPARE = 100  # tiles kept that are not shown now
FRAME, ROOM = 3.0, 4.0  # inside and outside of the image's square, in pixels


class TileLook(NamedTuple):
    """The exemplar, the colour of its class (0xffRRGGBB), its state, and how many others lie below its image."""

    exemplar: int
    colour: int
    struck: bool = False
    placed: bool = False
    selected: bool = False
    more: int = 0


class TilePainter:
    """Draws tiles of one size, each once: the map is painted more often than its images change."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        self._thumbnails = thumbnails
        self._size = (0, 1.0)  # the side in pixels, and the device pixel ratio
        self._font = QFont()
        self._drawn = PixmapCache(MOST_IMAGES + SPARE)

    @property
    def half(self) -> float:
        """From the middle of a tile to its edge, with the room around it."""
        return self._size[0] / 2 + ROOM

    def set_size(self, side: float, ratio: float) -> None:
        """Draw tiles of that side, in pixels, for a screen of that device pixel ratio from now on."""
        if (round(side), ratio) != self._size:
            self._size = (round(side), ratio)
            self.clear()

    def set_font(self, font: QFont) -> None:
        self._font = theme.points(font, -1.5)

    def clear(self) -> None:
        """Drop all that was drawn."""
        self._drawn.clear()

    def drawn(self, look: TileLook) -> QPixmap:
        """The tile, with ROOM around it. A thumbnail that is not there yet is asked for."""
        image = self._thumbnails.get(look.exemplar)
        key = (look, 0 if image is None else image.cacheKey())
        return self._drawn.get(key) or self._drawn.put(key, self._draw(look, image))

    def _draw(self, look: TileLook, image: QPixmap | None) -> QPixmap:
        side, ratio = self._size
        whole = round((side + 2 * ROOM) * ratio)
        made = QPixmap(whole, whole)
        made.setDevicePixelRatio(ratio)
        made.fill(Qt.GlobalColor.transparent)
        painter, c = QPainter(made), theme.current()
        painter.setFont(self._font)
        box = QRectF(ROOM, ROOM, side, side)
        painter.fillRect(box, QColor(c.surface))
        inner = box.adjusted(FRAME, FRAME, -FRAME, -FRAME)
        paint_thumbnail(painter, inner, _scaled(image, inner.width(), ratio), struck=look.struck)
        style = Qt.PenStyle.DotLine if look.placed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(look.colour), 2.0, style))
        painter.drawRect(box.adjusted(1, 1, -1, -1))
        if look.selected:
            painter.setPen(QPen(QColor(c.text), 3.0))
            painter.drawRect(box.adjusted(-2, -2, 2, 2))
        if look.more:
            _paint_more(painter, box, f"+{look.more:,}")
        painter.end()
        return made


def paint_thumbnail(painter: QPainter, box: QRectF, image: QPixmap | None, *, struck: bool) -> None:
    """Paint ``image``, which fits, in the middle of ``box``; None while it is loading, a null pixmap for none."""
    c = theme.current()
    if image is None or image.isNull():
        painter.fillRect(box, QColor(c.track))
    else:
        painter.setOpacity(FADED if struck else 1.0)
        paint_centred(painter, box, image)
        painter.setOpacity(1.0)
    if struck:
        paint_strike(painter, box)


def _scaled(image: QPixmap | None, side: float, ratio: float) -> QPixmap | None:
    """``image`` fitted into a square of that side."""
    if image is None or image.isNull():
        return image
    most = round(side * ratio)
    made = image.scaled(most, most, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    made.setDevicePixelRatio(ratio)
    return made


def _paint_more(painter: QPainter, box: QRectF, text: str) -> None:
    """How many exemplars lie below an image, in its corner."""
    c, metrics = theme.current(), painter.fontMetrics()
    wide, high = metrics.horizontalAdvance(text) + theme.px(3), metrics.height()
    badge = QRectF(box.right() - wide, box.bottom() - high, wide, high)
    painter.fillRect(badge, QColor(c.surface))
    painter.setPen(QColor(c.text))
    painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), text)
