"""An encoder whose vectors are reduced by PCA."""

from __future__ import annotations

import numpy as np

from visualmemory_gui.engine.encoders.base import Encoder, SpatialEncoder, unit
from visualmemory_gui.engine.projection import Projection
from visualmemory_gui.engine.types import F32, U8


class ProjectedEncoder:
    """``encoder``, with each vector projected and brought to unit length again."""

    def __init__(self, encoder: Encoder, projection: Projection) -> None:
        self._encoder, self._projection = encoder, projection
        self.identity = encoder.identity.reduced(projection)
        self.geometry, self.backend = encoder.geometry, encoder.backend

    @property
    def device(self) -> str:
        """As ``Encoder`` says."""
        return self._encoder.device

    @property
    def at_once(self) -> int:
        """As ``Encoder`` says."""
        return self._encoder.at_once

    def encode(self, batch: U8) -> F32:
        """As ``Encoder.encode``."""
        return unit(self._projection.apply(self._encoder.encode(batch)))

    def close(self) -> None:
        self._encoder.close()


class ProjectedSpatialEncoder(ProjectedEncoder):
    """The same with cells, so that the mean over the cells still gives the vector where the encoder averages.

    There v = m / |m| with the mean m of the cells f_i. The cell (f_i - |m| mean) W has the mean |m| (v - mean) W, which
    is the projected vector but for its length.
    """

    def __init__(self, encoder: SpatialEncoder, projection: Projection) -> None:
        super().__init__(encoder, projection)
        self._spatial = encoder

    def features(self, batch: U8) -> F32:
        """As ``SpatialEncoder.features``."""
        cells = self._spatial.features(batch).astype(np.float64)
        lengths = np.linalg.norm(cells.mean(axis=(1, 2)), axis=-1)
        projected: F32 = self._projection.apply(cells, lengths[:, None, None, None]).astype(np.float32)
        return projected


def projected(encoder: Encoder, projection: Projection) -> Encoder:
    """``encoder`` with its vectors reduced by ``projection``, and its cells where it has them."""
    if isinstance(encoder, SpatialEncoder):
        return ProjectedSpatialEncoder(encoder, projection)
    return ProjectedEncoder(encoder, projection)
