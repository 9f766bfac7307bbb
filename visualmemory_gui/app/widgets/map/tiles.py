"""Which exemplars are shown as images on the map, and where: one for each cell of a grid, where most have room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.app.models.map import Spots
from visualmemory_gui.app.widgets.map.camera import Camera, Pixels
from visualmemory_gui.engine.types import I64

MOST_A_CELL = 3.5  # on average; where there are more, dots say more than a few of the images would
MOST_IMAGES = 700  # as many as are kept decoded at a time
GAP = 0.08  # of a cell, around its image


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """Images for the exemplars ``at`` (n,), whose middles are at ``pixels`` (n, 2). ``side`` is that of each image,
    and ``more`` (n,) counts the exemplars that have none because it lies over them."""

    at: I64
    pixels: Pixels
    side: float
    more: I64

    def under(self, left: float, top: float) -> int | None:
        """The exemplar whose image is under a pixel, as an index like ``at``; None if there is none."""
        hit = np.flatnonzero((np.abs(self.pixels - np.array((left, top))) <= self.side / 2).all(axis=1))
        return int(self.at[hit[0]]) if len(hit) else None


NO_TILES = Tiles(np.empty(0, np.int64), np.empty((0, 2), np.float32), 0.0, np.empty(0, np.int64))


def tiles_of(camera: Camera, xy: Spots, sides: Sequence[float]) -> Tiles:
    """The images for what lies at ``xy`` (n, 2) in view, as large as fits: cells of at least the first of ``sides``, in
    pixels, with which most have one; none where too many would be left without, or there would be too many images.

    The grid is fixed to the map, so that the same exemplars are chosen wherever it is moved; it changes twice while the
    map is enlarged to double its size.
    """
    return next((found for side in sides if len((found := _on_grid(camera, xy, side)).at)), NO_TILES)


def _on_grid(camera: Camera, xy: Spots, side: float) -> Tiles:
    cell = side / 2 ** (math.floor(2 * math.log2(camera.scale)) / 2)  # in units of the map
    (left, top), (right, bottom) = camera.place_of(0, 0), camera.place_of(camera.width, camera.height)
    low, high = np.floor(np.array((left, bottom)) / cell), np.floor(np.array((right, top)) / cell)
    seen = np.flatnonzero(((xy >= low * cell) & (xy < (high + 1) * cell)).all(axis=1))
    if not 0 < len(seen) <= MOST_A_CELL * MOST_IMAGES:
        return NO_TILES
    cells = np.floor(xy[seen] / cell).astype(np.int64) - low.astype(np.int64)
    keys = cells[:, 0] * int(high[1] - low[1] + 3) + cells[:, 1]
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    if len(seen) > MOST_A_CELL * len(first) or len(first) > MOST_IMAGES:
        return NO_TILES
    at = seen[first]
    pixels, wide = camera.pixels_of(xy[at]), cell * camera.scale
    middles = camera.pixels_of(((cells[first] + low + 0.5) * cell).astype(np.float32))
    image = wide * (1 - 2 * GAP)
    room = np.float32(wide / 2 - image / 2)
    return Tiles(at, np.clip(pixels, middles - room, middles + room), image, (counts - 1).astype(np.int64))
