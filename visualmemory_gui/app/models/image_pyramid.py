"""An image at several sizes, so that a frame at any zoom paints few pixels.

Qt could convert and scale the image too, but called from Python it keeps the interpreter to itself meanwhile: in
whatever thread, 24 megapixels would stop the window for tenths of a second. NumPy lets the other threads go on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from visualmemory_gui.engine.types import U8, Box, FullImage

SMALLEST = 256  # pixels of the longer side
STRIP = 128  # rows that are worked on together: they stay in the processor's cache
RGB = (2, 1, 0)  # where red, green and blue are in the four bytes of a pixel of Format_RGB32; the last is opaque
UNSHARED = np.uint32(0xFEFEFEFE)  # all bits of four bytes but the lowest, which a shift would move into the next byte
Pixels = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class ImagePyramid:
    """``levels`` are the image itself, then at 1/2, 1/4, … of it, opaque. ``size`` is that of the upright original."""

    levels: tuple[QImage, ...]
    size: QSize

    @classmethod
    def of(cls, image: QImage, size: QSize | None = None) -> ImagePyramid:
        """Made in any thread. Raises ValueError for an image without pixels."""
        if image.isNull():
            raise ValueError("an image without pixels")
        levels = [image.convertToFormat(QImage.Format.Format_RGB32)]
        while max(levels[-1].width(), levels[-1].height()) >= 2 * SMALLEST:
            levels.append(_halved(levels[-1]))
        return cls(tuple(levels), size or image.size())

    @classmethod
    def of_full(cls, image: FullImage) -> ImagePyramid:
        """Made in any thread."""
        high, wide = image.pixels.shape[:2]
        shown = QImage(wide, high, QImage.Format.Format_RGB32)
        four = _writable(shown).view(np.uint8).reshape(high, wide, 4)
        four[..., 3] = 255
        for top in range(0, high, STRIP):
            for channel, at in enumerate(RGB):
                four[top : top + STRIP, :, at] = image.pixels[top : top + STRIP, :, channel]
        return cls.of(shown, QSize(image.width, image.height))

    def part(self, box: Box) -> ImagePyramid:
        """The part ``box`` of it, in pixels of ``size``."""
        most = self.levels[0]
        across, down = most.width() / self.size.width(), most.height() / self.size.height()
        cut = Box(int(box.x * across), int(box.y * down), round(box.w * across) or 1, round(box.h * down) or 1)
        copy = QImage(cut.w, cut.h, QImage.Format.Format_RGB32)
        _writable(copy)[:] = _cut(most, cut)
        return ImagePyramid.of(copy, QSize(box.w, box.h))

    @property
    def is_full_size(self) -> bool:
        """Whether all pixels of the original are here: a JPEG of more than 64 megapixels is read at a fraction."""
        return self.levels[0].size() == self.size

    def pixels(self, box: Box) -> U8:
        """The pixels (h, w, 3) of the part ``box``, which is inside, where all of them are here."""
        four = _cut(self.levels[0], box).copy().view(np.uint8).reshape(box.h, box.w, 4)
        made = np.empty((box.h, box.w, 3), np.uint8)
        for channel, at in enumerate(RGB):
            made[..., channel] = four[..., at]
        return made

    @property
    def bytes(self) -> int:
        return sum(level.sizeInBytes() for level in self.levels)

    def level(self, scale: float) -> QImage:
        """The smallest level that has a pixel for each device pixel, at ``scale`` device pixels for one of ``size``."""
        wanted = self.size.width() * scale
        return next((level for level in reversed(self.levels) if level.width() >= wanted), self.levels[0])


def _pixels(image: QImage) -> Pixels:
    """The pixels (h, w) of an image of Format_RGB32, which lasts longer than they are read."""
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())


def _writable(image: QImage) -> Pixels:
    """Those of an image that nothing else has yet, to be written in place."""
    return np.frombuffer(image.bits(), np.uint32).reshape(image.height(), image.width())


def _cut(image: QImage, box: Box) -> Pixels:
    """The pixels of ``box`` in an image of Format_RGB32."""
    return _pixels(image)[box.y : box.y + box.h, box.x : box.x + box.w]


def _halved(image: QImage) -> QImage:
    """``image`` half as wide and half as high, each pixel the mean of four. A side of one pixel stays."""
    pixels = _pixels(image)
    high, wide = (max(1, side // 2) for side in pixels.shape)
    lower, right = int(image.height() > 1), int(image.width() > 1)
    half = QImage(wide, high, QImage.Format.Format_RGB32)
    made = _writable(half)
    for top in range(0, high, STRIP):
        end = min(top + STRIP, high)
        rows = _mean_down(pixels[2 * top : 2 * end : 2], pixels[2 * top + lower : 2 * end + lower : 2])
        made[top:end] = _mean_up(rows[:, : 2 * wide : 2], rows[:, right : 2 * wide + right : 2])
    return half


def _mean_down(one: Pixels, other: Pixels) -> Pixels:
    """The mean of each byte, rounded down."""
    return (one & other) + (((one ^ other) & UNSHARED) >> np.uint32(1))


def _mean_up(one: Pixels, other: Pixels) -> Pixels:
    """The mean of each byte, rounded up."""
    return (one | other) - (((one ^ other) & UNSHARED) >> np.uint32(1))
