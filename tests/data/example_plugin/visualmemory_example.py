"""An encoder and a voting rule for visualmemory_gui, as another package brings them."""

from __future__ import annotations

import numpy as np

from visualmemory_gui import EncoderIdentity, Geometry

SIZE, CELLS = 32, 4


class MeanColours:
    """The mean colours of 4 x 4 cells and a constant, (49,), of unit length."""

    identity = EncoderIdentity("mean-colours", 3 * CELLS**2 + 1, weights_sha256="", preprocess=f"letterbox {SIZE}")
    geometry = Geometry(size=SIZE, fit="letterbox", resize=SIZE)
    licence = "Apache-2.0"
    backend = "numpy"

    def __init__(self, *, device: str, bulk: bool) -> None:
        self.device = "cpu"

    def encode(self, batch: np.ndarray) -> np.ndarray:
        """(n, 32, 32, 3) uint8 -> (n, 49) float32."""
        side = SIZE // CELLS
        cells = batch.reshape(len(batch), CELLS, side, CELLS, side, 3).mean(axis=(2, 4)).reshape(len(batch), -1)
        rows = np.concatenate([cells / 255.0, np.ones((len(batch), 1))], axis=1)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def close(self) -> None:
        pass


def squared_rank(distances: np.ndarray) -> np.ndarray:
    """1 / (rank + 1)^2, ranks from 0: (..., k) distances, nearest first -> (..., k) weights."""
    ranks = np.arange(distances.shape[-1])
    return np.broadcast_to(1.0 / (ranks + 1.0) ** 2, distances.shape)
