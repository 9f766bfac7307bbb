"""How fast an encoder computes on this computer."""

from __future__ import annotations

import time

import numpy as np

from visualmemory_gui.engine.encoders.base import Encoder
from visualmemory_gui.engine.progress import Report, silent

_BATCH = 8


def images_per_second(encoder: Encoder, *, seconds: float = 1.5, report: Report = silent) -> float:
    """How many images a second ``encoder`` turns into vectors, in batches of eight, decoding not counted.

    It computes for about ``seconds`` after a batch that warms it up. Raises what ``report`` raises.
    """
    size = encoder.geometry.size
    batch = np.random.default_rng(0).integers(0, 256, (_BATCH, size, size, 3), np.uint8)
    encoder.encode(batch)
    done, begun = 0, time.monotonic()
    while (taken := time.monotonic() - begun) < seconds or not done:
        report(0, None, "Measuring its speed")
        encoder.encode(batch)
        done += _BATCH
        taken = time.monotonic() - begun
    return done / taken
