"""Which part of the map is seen, and how large. No window in here."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from visualmemory_gui.app.models.map import Spots

Pixels = npt.NDArray[np.float32]
MARGIN = 0.06  # of the view, around everything
LEAST, MOST = 2.0, 2e6  # pixels for one unit of the map


@dataclass(frozen=True, slots=True)
class Camera:
    """The place ``x``, ``y`` of the map lies in the middle of ``width`` by ``height`` pixels; y points up there, and
    one unit of the map is ``scale`` pixels."""

    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    scale: float = 100.0

    def pixels_of(self, xy: Spots) -> Pixels:
        """Where places (n, 2) of the map are, (n, 2) float32 in pixels from the top left."""
        out = np.empty((len(xy), 2), np.float32)
        np.multiply(xy[:, 0] - np.float32(self.x), np.float32(self.scale), out=out[:, 0])
        np.multiply(np.float32(self.y) - xy[:, 1], np.float32(self.scale), out=out[:, 1])
        out += np.array((self.width / 2, self.height / 2), np.float32)
        return out

    def place_of(self, left: float, top: float) -> tuple[float, float]:
        """The place of the map under a pixel."""
        return self.x + (left - self.width / 2) / self.scale, self.y - (top - self.height / 2) / self.scale

    def places_of(self, pixels: Pixels) -> Spots:
        """The places (n, 2) of the map under pixels (n, 2)."""
        middle = np.array((self.width / 2, self.height / 2))
        away = (pixels - middle) / self.scale * np.array((1, -1))
        places: Spots = (away + np.array((self.x, self.y))).astype(np.float32)
        return places

    def moved(self, right: float, down: float) -> Camera:
        """The map moved by so many pixels."""
        return replace(self, x=self.x - right / self.scale, y=self.y + down / self.scale)

    def zoomed(self, factor: float, left: float, top: float) -> Camera:
        """Enlarged by ``factor`` around a pixel, which keeps its place of the map."""
        scale = min(max(self.scale * factor, LEAST), MOST)
        x, y = self.place_of(left, top)
        away_x, away_y = (left - self.width / 2) / scale, (top - self.height / 2) / scale
        return replace(self, x=x - away_x, y=y + away_y, scale=scale)

    def resized(self, width: float, height: float) -> Camera:
        return replace(self, width=width, height=height)

    def fitted(self, xy: Spots) -> Camera:
        """All of ``xy`` (n, 2) in view."""
        if not len(xy):
            return self
        low, high = xy.min(axis=0).astype(float), xy.max(axis=0).astype(float)
        room = np.array((self.width, self.height)) * (1 - 2 * MARGIN)
        spread = np.maximum(high - low, 1e-2)
        scale = float(np.clip((room / spread).min(), LEAST, MOST))
        x, y = ((low + high) / 2).tolist()
        return replace(self, x=x, y=y, scale=scale)
