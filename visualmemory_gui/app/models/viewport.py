"""Which part of an image a view shows: arithmetic that views which zoom and move together can share."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF

LARGEST = 16.0  # device pixels for one pixel of the image
STEP = 1.25  # one notch of the wheel, one press of a key
NUDGE = 0.15  # of the view, one press of an arrow


@dataclass(frozen=True, slots=True)
class Viewport:
    """What is seen: the image ``zoom`` times as large as fits, and at ``x`` and ``y`` (fractions of its sides) what is
    in the middle. It means the same for images of any size, so that two can be compared."""

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5


FIT = Viewport()


@dataclass(frozen=True, slots=True)
class ImageFrame:
    """An image of ``size`` pixels in a view of ``room`` logical pixels, on a screen of device pixel ``ratio``."""

    size: QSize
    room: QSizeF
    ratio: float = 1.0

    @property
    def fit(self) -> float:
        """Logical pixels for one pixel of the image where all of it fits."""
        return min(self.room.width() / max(1, self.size.width()), self.room.height() / max(1, self.size.height()))

    @property
    def full(self) -> float:
        """The zoom at which one pixel of the image is one of the screen."""
        return 1.0 / max(self.fit * self.ratio, 1e-9)

    def scale(self, view: Viewport) -> float:
        """Device pixels for one pixel of the image."""
        return view.zoom / self.full

    def place(self, view: Viewport) -> QRectF:
        """Where in the view the whole image lies, in logical pixels."""
        wide, high = self.size.width() * self.fit * view.zoom, self.size.height() * self.fit * view.zoom
        left, top = self.room.width() / 2 - view.x * wide, self.room.height() / 2 - view.y * high
        return QRectF(left, top, wide, high)

    def within(self, view: Viewport) -> Viewport:
        """``view`` where the image fills as much of the room as it can, no smaller than fits or than its full size."""
        zoom = min(max(view.zoom, min(1.0, self.full)), max(LARGEST * self.full, 1.0))
        wide, high = self.size.width() * self.fit * zoom, self.size.height() * self.fit * zoom
        x = _clamped(view.x, self.room.width() / max(wide, 1e-9) / 2)
        return Viewport(zoom, x, _clamped(view.y, self.room.height() / max(high, 1e-9) / 2))

    def zoomed(self, view: Viewport, zoom: float, at: QPointF | None = None) -> Viewport:
        """``view`` with another ``zoom``; the spot at ``at`` (None: in the middle) stays where it is."""
        at = at or QPointF(self.room.width() / 2, self.room.height() / 2)
        before = self.place(view)
        zoom = self.within(replace(view, zoom=zoom)).zoom
        grown = zoom / view.zoom
        left, top = at.x() - (at.x() - before.x()) * grown, at.y() - (at.y() - before.y()) * grown
        wide, high = before.width() * grown, before.height() * grown
        x, y = (self.room.width() / 2 - left) / wide, (self.room.height() / 2 - top) / high
        return self.within(Viewport(zoom, x, y))

    def moved(self, view: Viewport, by: QPointF) -> Viewport:
        """``view`` after the image was dragged ``by`` logical pixels."""
        place = self.place(view)
        return self.within(replace(view, x=view.x - by.x() / place.width(), y=view.y - by.y() / place.height()))


def _clamped(middle: float, half: float) -> float:
    """A middle from which ``half`` of what is seen reaches no further than the image; its own where all is seen."""
    return 0.5 if half >= 0.5 else min(max(middle, half), 1.0 - half)
