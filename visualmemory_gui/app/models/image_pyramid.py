"""An image at several sizes, so that a frame at any zoom paints few pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage

from visualmemory_gui.engine.types import U8, Box, FullImage

SMALLEST = 256  # pixels of the longer side


@dataclass(frozen=True, slots=True)
class ImagePyramid:
    """``levels`` are the image itself, then at 1/2, 1/4, … of it, opaque. ``size`` is that of the upright original."""

    levels: tuple[QImage, ...]
    size: QSize

    @classmethod
    def of(cls, image: QImage, size: QSize | None = None) -> ImagePyramid:
        """Made in any thread: 24 megapixels take a fifth of a second. Raises ValueError for an image without pixels."""
        if image.isNull():
            raise ValueError("an image without pixels")
        levels = [image.convertToFormat(QImage.Format.Format_RGB32)]
        while max(levels[-1].width(), levels[-1].height()) >= 2 * SMALLEST:
            half = QSize(max(1, levels[-1].width() // 2), max(1, levels[-1].height() // 2))
            whole = Qt.AspectRatioMode.IgnoreAspectRatio
            levels.append(levels[-1].scaled(half, whole, Qt.TransformationMode.SmoothTransformation))
        return cls(tuple(levels), size or image.size())

    @classmethod
    def of_full(cls, image: FullImage) -> ImagePyramid:
        high, wide = image.pixels.shape[:2]
        seen = QImage(image.pixels.data, wide, high, 3 * wide, QImage.Format.Format_RGB888)
        return cls.of(seen, QSize(image.width, image.height))

    def part(self, box: Box) -> ImagePyramid:
        """The part ``box`` of it, in pixels of ``size``."""
        most = self.levels[0]
        across, down = most.width() / self.size.width(), most.height() / self.size.height()
        cut = QRect(int(box.x * across), int(box.y * down), round(box.w * across) or 1, round(box.h * down) or 1)
        return ImagePyramid.of(most.copy(cut), QSize(box.w, box.h))

    @property
    def is_full_size(self) -> bool:
        """Whether all pixels of the original are here: a JPEG of more than 64 megapixels is read at a fraction."""
        return self.levels[0].size() == self.size

    def pixels(self, box: Box) -> U8:
        """The pixels (h, w, 3) of the part ``box``, which is inside, where all of them are here."""
        cut = self.levels[0].copy(QRect(*box)).convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(cut.constBits(), np.uint8).reshape(box.h, cut.bytesPerLine())
        return rows[:, : 3 * box.w].reshape(box.h, box.w, 3).copy()

    @property
    def bytes(self) -> int:
        return sum(level.sizeInBytes() for level in self.levels)

    def level(self, scale: float) -> QImage:
        """The smallest level that has a pixel for each device pixel, at ``scale`` device pixels for one of ``size``."""
        wanted = self.size.width() * scale
        return next((level for level in reversed(self.levels) if level.width() >= wanted), self.levels[0])
