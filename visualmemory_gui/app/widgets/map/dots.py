"""Dots painted into an array of pixels: a hundred thousand take milliseconds, which no painter of Qt does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from visualmemory_gui.app.widgets.map.camera import Pixels
from visualmemory_gui.engine.types import I64

Shape = Literal["dot", "ring", "cross", "outline"]
Canvas = npt.NDArray[np.uint32]
"""Opaque pixels 0xffRRGGBB, (height, width)."""
MOST_SMOOTH = 20_000  # dots in view; the edges of more are not smoothed


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """One sign: ``offsets`` (k, 2) of its pixels from the middle, x and y, and how much of each it covers, (k,) of 0
    to 255. The outermost come first, so that a pixel goes to the dot whose middle is nearest."""

    offsets: I64
    cover: npt.NDArray[np.uint16]
    reach: int


@cache
def stamp_of(shape: Shape, radius: float) -> Stamp:
    """The sign of that shape and radius, in pixels of the screen."""
    reach = int(np.ceil(radius)) + 1
    fine = (np.arange(-reach * 8, reach * 8 + 8) + 0.5) / 8 - 0.5
    x, y = np.meshgrid(fine, fine)
    far = np.hypot(x, y)
    inside = {
        "dot": far <= radius,
        "ring": (far <= radius) & (far >= radius - max(1.2, radius * 0.4)),
        "outline": (far <= radius) & (far >= radius - max(1.5, radius * 0.25)),
        "cross": (np.abs(np.abs(x) - np.abs(y)) <= max(0.9, radius * 0.3))
        & (np.maximum(np.abs(x), np.abs(y)) <= radius),
    }[shape]
    side = 2 * reach + 1
    cover = np.round(255 * inside.reshape(side, 8, side, 8).mean(axis=(1, 3))).astype(np.uint16)
    rows, columns = np.nonzero(cover > 20)
    offsets = np.stack([columns - reach, rows - reach], axis=1)
    order = np.argsort(-np.hypot(*offsets.T), kind="stable")
    return Stamp(offsets[order], cover[rows, columns][order], reach)


def canvas_of(width: int, height: int, ground: int) -> Canvas:
    """Pixels (height, width) of one colour, 0xffRRGGBB."""
    return np.full((height, width), ground, np.uint32)


def paint_dots(canvas: Canvas, pixels: Pixels, colours: Canvas, stamp: Stamp) -> None:
    """Paint ``stamp`` at ``pixels`` (n, 2), in ``colours`` (n,). What would reach beyond the canvas is left out."""
    height, width = canvas.shape
    low, across, down = stamp.reach, pixels[:, 0], pixels[:, 1]
    seen = (across >= low) & (across < width - low) & (down >= low) & (down < height - low)
    at = np.flatnonzero(seen)
    if not len(at):
        return
    smooth, colours = len(at) <= MOST_SMOOTH, colours[at]
    place = down[at].astype(np.int64) * width + across[at].astype(np.int64)
    flat = canvas.reshape(-1)
    for (right, below), cover in zip(stamp.offsets.tolist(), stamp.cover.tolist(), strict=True):
        if smooth or cover >= 128:
            here = place + (below * width + right)
            flat[here] = colours if cover >= 250 or not smooth else _mixed(flat[here], colours, cover)


def _mixed(below: Canvas, above: Canvas, cover: int) -> Canvas:
    """``above`` laid over ``below``, both (n,), covering so much of 255."""
    old, new = below.view(np.uint8).astype(np.uint16), above.view(np.uint8).astype(np.uint16)
    mixed: Canvas = ((old * (255 - cover) + new * cover) // 255).astype(np.uint8).view(np.uint32)
    return mixed


def radius_of(count: int) -> float:
    """The radius of a dot in points, where so many exemplars are on the map: the more, the smaller."""
    return float(np.interp(np.log10(max(count, 1)), (2, 3, 4, 5), (3.4, 2.6, 1.9, 1.2)))
