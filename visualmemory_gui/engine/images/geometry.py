"""Bringing an image to the size an encoder wants: the whole of it on white, or its middle."""

from __future__ import annotations

import numpy as np
from PIL import Image

from visualmemory_gui.engine.types import F64, U8, Geometry

_INTERPOLATION = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
_WHITE = (255, 255, 255)
# A strip longer than this many times its width is cut to its middle before scaling: an image of 1 x 60,000 pixels
# would otherwise be blown up to 256 x 15 million.
_LONGEST = 8


def fit(image: Image.Image, geometry: Geometry) -> U8:
    """The RGB ``image`` in ``geometry`` as (size, size, 3) uint8, writable and contiguous."""
    fitted = _letterboxed(image, geometry) if geometry.fit == "letterbox" else _cropped(image, geometry)
    return np.array(fitted, dtype=np.uint8)


def _letterboxed(image: Image.Image, geometry: Geometry) -> Image.Image:
    size = geometry.size
    scale = size / max(image.size)
    width, height = (min(size, max(1, round(side * scale))) for side in image.size)
    scaled = image.resize((width, height), _INTERPOLATION[geometry.interpolation])
    square = Image.new("RGB", (size, size), _WHITE)
    square.paste(scaled, ((size - width) // 2, (size - height) // 2))
    return square


def _cropped(image: Image.Image, geometry: Geometry) -> Image.Image:
    image = _middle(image, min(image.width, _LONGEST * image.height), min(image.height, _LONGEST * image.width))
    short = min(image.size)
    width, height = (geometry.resize * side // short for side in image.size)
    scaled = image.resize((width, height), _INTERPOLATION[geometry.interpolation])
    return _middle(scaled, geometry.size, geometry.size)


def _middle(image: Image.Image, width: int, height: int) -> Image.Image:
    if (width, height) == image.size:
        return image
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))


def square_of(geometry: Geometry, width: int, height: int) -> tuple[float, float, float, float]:
    """Where the encoder's square lies over an image of ``width`` x ``height`` pixels: left, top, right, bottom.

    As fractions of the image's sides. A letterbox reaches beyond the image, a crop leaves some of it out.
    """
    side: float = max(width, height)
    if geometry.fit == "crop":
        side = min(width, height) * geometry.size / geometry.resize
    left, top = (width - side) / 2 / width, (height - side) / 2 / height
    return left, top, left + side / width, top + side / height


def inside(square: tuple[float, float, float, float], rows: int, columns: int) -> F64:
    """(rows, columns): how much of each cell of the encoder's square lies on the image, 0 to 1."""
    left, top, right, bottom = square
    down, across = _on_image(top, bottom, rows), _on_image(left, right, columns)
    out: F64 = np.outer(down, across)
    return out


def _on_image(start: float, end: float, cells: int) -> F64:
    edges = np.clip(np.linspace(start, end, cells + 1), 0.0, 1.0)
    out: F64 = np.diff(edges) / ((end - start) / cells)
    return out
