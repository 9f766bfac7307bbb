"""A map over an image: orange where its cells speak for something, blue where they speak against it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from visualmemory_gui.engine.images.geometry import inside
from visualmemory_gui.engine.types import F64, U8

Square = tuple[float, float, float, float]
FOR, AGAINST = (232, 98, 0), (24, 98, 214)
STRONGEST = 0.72  # how much of the image the strongest cell hides
LEAST_INSIDE = 0.5  # of a cell, to be shown


def shown(cells: F64, square: Square) -> F64:
    """``cells`` (h, w) without those that lie mostly outside the image: 0 there."""
    out: F64 = np.where(inside(square, *cells.shape) >= LEAST_INSIDE, cells, 0.0)
    return out


def layer(cells: F64, square: Square, size: tuple[int, int], *, scale: float | None = None) -> U8:
    """(height, width, 4) uint8 RGBA to lie over an image of ``size`` (width, height), straight alpha.

    ``square`` is where the cells lie, in parts of the image (see ``geometry.square_of``); ``scale`` is the value that
    is painted strongest, by default the largest of the map itself.
    """
    width, height = size
    kept = shown(cells, square)
    strongest = scale or float(np.abs(kept).max()) or 1.0
    field = np.asarray(_spread(kept, square, width, height), np.float64) / strongest
    strength = np.clip(np.abs(field), 0.0, 1.0)
    out = np.empty((height, width, 4), np.uint8)
    out[..., :3] = np.where((field >= 0)[..., None], np.array(FOR, np.uint8), np.array(AGAINST, np.uint8))
    out[..., 3] = np.round(255 * STRONGEST * strength)
    return out


def over(image: Image.Image, cells: F64, square: Square, *, scale: float | None = None) -> Image.Image:
    """The RGB ``image`` in grey with the map over it."""
    grey = image.convert("L").convert("RGBA")
    heat = Image.fromarray(layer(cells, square, image.size, scale=scale), "RGBA")
    return Image.alpha_composite(grey, heat).convert("RGB")


def _spread(cells: F64, square: Square, width: int, height: int) -> Image.Image:
    """The map at the image's size: the part of the square that lies on it, interpolated."""
    left, top, right, bottom = square
    rows, columns = cells.shape
    box = (
        (0.0 - left) / (right - left) * columns,
        (0.0 - top) / (bottom - top) * rows,
        (1.0 - left) / (right - left) * columns,
        (1.0 - top) / (bottom - top) * rows,
    )
    map_ = Image.fromarray(cells.astype(np.float32), "F")
    if box[0] < 0 or box[1] < 0:  # a crop: outside it there is nothing to show
        return _placed(map_, square, width, height)
    return map_.resize((width, height), Image.Resampling.BILINEAR, box=box)


def _placed(map_: Image.Image, square: Square, width: int, height: int) -> Image.Image:
    left, top = round(square[0] * width), round(square[1] * height)
    right, bottom = round(square[2] * width), round(square[3] * height)
    field = Image.new("F", (width, height), 0.0)
    field.paste(map_.resize((max(1, right - left), max(1, bottom - top)), Image.Resampling.BILINEAR), (left, top))
    return field
