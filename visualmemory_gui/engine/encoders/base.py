"""What an encoder is to the rest of the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.types import F32, U8, EncoderIdentity, Geometry

FEW = 16
"""Images that pass through a network together on a CPU, where more would not be faster."""


class Encoder(Protocol):
    """Turns images into vectors. ``encode`` may be called from any thread, also from several at once.

    ``backend`` names what computes ("torch", "openvino", "numpy"), ``device`` where.
    """

    identity: EncoderIdentity
    geometry: Geometry
    backend: str

    @property
    def device(self) -> str: ...

    @property
    def at_once(self) -> int:
        """How many images to give it together, where there are many. It divides a larger batch itself."""
        ...

    def encode(self, batch: U8) -> F32:
        """(n, s, s, 3) uint8 RGB in ``geometry`` -> (n, dim) float32, rows of unit length.

        An image gives the same vector alone and in any batch, up to 1e-6.
        """
        ...

    def close(self) -> None: ...


@runtime_checkable
class SpatialEncoder(Encoder, Protocol):
    """An encoder that also gives features for each part of an image."""

    def features(self, batch: U8) -> F32:
        """(n, s, s, 3) uint8 -> (n, h, w, d) float32, one vector per cell, not normalised.

        For encoders that average (``lite0``) the mean over the cells, brought to unit length, is what ``encode`` gives.
        """
        ...


class TextTower(Protocol):
    """Turns texts into vectors of the space in which an encoder puts images.

    ``scale`` is what cosines are multiplied by before the softmax over several texts, as it was trained.
    """

    scale: float

    def encode(self, texts: Sequence[str]) -> F32:
        """n texts -> (n, dim) float32, rows of unit length. What is too long for it is cut."""
        ...


def unit(rows: npt.NDArray[np.floating]) -> F32:
    """``rows`` (n, d) brought to unit length in float64, as float32. Rows of zeros stay as they are."""
    wide = rows.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    return (wide / np.where(norms > 0.0, norms, 1.0)).astype(np.float32)


def in_parts(vectors: Callable[[U8], F32], batch: U8, most: int, dim: int) -> F32:
    """What ``vectors`` gives for ``batch``, of which it gets at the most ``most`` images at once: (n, dim)."""
    parts = [vectors(batch[at : at + most]) for at in range(0, len(batch), most)]
    return np.concatenate(parts) if parts else np.empty((0, dim), np.float32)


def check(batch: U8, geometry: Geometry) -> None:
    """Raise ValueError unless ``batch`` is (n, size, size, 3) uint8."""
    size = geometry.size
    if batch.dtype != np.uint8 or batch.shape[1:] != (size, size, 3):
        raise ValueError(f"expected (n, {size}, {size}, 3) uint8, got {batch.shape} {batch.dtype}")
