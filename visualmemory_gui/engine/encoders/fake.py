"""An encoder without a model, for tests and trials: images of like colours in like places get like vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from visualmemory_gui.engine.encoders.base import FEW, check, unit
from visualmemory_gui.engine.types import F32, F64, U8, EncoderIdentity, EncoderInfo, Geometry

NAME = "fake"
DIM = 64
_GRID = 8
_SIZE = 64
_SEED = 20_408
IDENTITY = EncoderIdentity(NAME, DIM, weights_sha256="", preprocess=f"letterbox {_SIZE} bicubic; mean colours")
INFO = EncoderInfo(NAME, DIM, "Apache-2.0", 0, True)


class FakeEncoder:
    """Mean colours on an 8 x 8 grid, sent through a fixed random projection. Needs numpy alone."""

    identity = IDENTITY
    geometry = Geometry(size=_SIZE, fit="letterbox", resize=_SIZE)
    device = "cpu"
    backend = "numpy"
    at_once = FEW

    def __init__(self) -> None:
        rng = np.random.default_rng(_SEED)
        self._projection = rng.standard_normal((_GRID * _GRID * 3 + 1, DIM))

    def encode(self, batch: U8) -> F32:
        colours = self._colours(batch)
        # The constant keeps the vector of an all-grey image away from zero; einsum sums each row alone, so that
        # an image's vector does not depend on the batch to the last bit.
        inputs = np.concatenate([colours, np.ones((len(batch), 1))], axis=1)
        return unit(np.einsum("nc,cd->nd", inputs, self._projection))

    def features(self, batch: U8) -> F32:
        """(n, 8, 8, 64): as ``base.SpatialEncoder`` promises; their mean, brought to unit length, is the vector."""
        colours = self._colours(batch).reshape(len(batch), _GRID * _GRID, 3)
        parts = self._projection[:-1].reshape(_GRID * _GRID, 3, DIM)
        cells = np.einsum("nic,icd->nid", colours, parts) * (_GRID * _GRID) + self._projection[-1]
        out: F32 = cells.reshape(len(batch), _GRID, _GRID, DIM).astype(np.float32)
        return out

    def _colours(self, batch: U8) -> F64:
        """(n, 192): the mean colours of the cells, -1 to 1."""
        check(batch, self.geometry)
        cell = _SIZE // _GRID
        sums = batch.reshape(len(batch), _GRID, cell, _GRID, cell, 3).sum(axis=(2, 4), dtype=np.int64)
        out: F64 = sums.reshape(len(batch), _GRID * _GRID * 3) / (cell * cell * 127.5) - 1.0
        return out

    def close(self) -> None:
        """Nothing to release."""


class FakeText:
    """A text is like an image of the colours that it names; one that names none is like a grey image."""

    scale = 20.0

    def __init__(self) -> None:
        self._encoder = FakeEncoder()

    def encode(self, texts: Sequence[str]) -> F32:
        """As ``base.TextTower`` promises."""
        batch = np.empty((len(texts), _SIZE, _SIZE, 3), np.uint8)
        batch[:] = np.array([_named_colour(text) for text in texts], np.uint8).reshape(len(texts), 1, 1, 3)
        return self._encoder.encode(batch)


def _named_colour(text: str) -> tuple[int, ...]:
    from PIL import ImageColor  # late: encoders are listed without it

    named = [word for word in re.findall("[a-z]+", text.lower()) if word in ImageColor.colormap]
    colours = [ImageColor.getrgb(word)[:3] for word in named] or [(128, 128, 128)]
    return tuple(sum(values) // len(colours) for values in zip(*colours, strict=True))
