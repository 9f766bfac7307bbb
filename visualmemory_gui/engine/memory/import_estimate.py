"""The estimated cost of adding many images, measured on a few of them before the user confirms."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from visualmemory_gui.engine.device.choice import resolve_or_cpu
from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.encoders.base import FEW, Encoder
from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.memory.image_reader import timely_batches
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import DecodedImage, Device, EncoderIdentity

MOST = 64  # images to try
ENOUGH_S = 1.5
FULLNESS = 1.12  # bytes of database page per byte stored
ROW_BYTES = 400  # of an exemplar, besides vector and thumbnail: its row, its indexes, its links in the graph


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one image: ``seconds`` of an import, ``size`` in bytes kept besides a copy of the file.

    ``seconds`` is None if no image could be read.
    """

    seconds: float | None
    size: float


def measure(
    paths: Sequence[str], encoder: EncoderIdentity, *, device: Device = "auto", report: Report = silent
) -> Cost:
    """Decode and embed some of ``paths``, evenly spread, as an import would. Nothing is kept.

    Takes about two seconds plus the time to load ``encoder``. Raises EncoderError, Cancelled.
    """
    chosen = paths[:: max(1, len(paths) // MOST)][:MOST]
    report(0, len(chosen), "measuring")
    with DecodePool(geometry=registry.geometry(encoder)) as pool:
        model = registry.load(encoder, device=resolve_or_cpu(device), bulk=True)
        try:
            _warm_up(pool, model, chosen[0])
            done, seconds, sizes = _timed(pool, model, chosen, report)
        finally:
            model.close()
    size = FULLNESS * (float(np.mean(sizes or [0])) + 4 * encoder.dim) + 4 * encoder.dim + ROW_BYTES
    return Cost(seconds / done if sizes else None, size)


def _warm_up(pool: DecodePool, model: Encoder, path: str) -> None:
    """Warm up: the first decoding and the first batch take longer than the rest."""
    try:
        pixels = pool.decode(path).pixels
    except BadImage:
        return
    model.encode(np.repeat(pixels[None], FEW, axis=0))


def _timed(pool: DecodePool, model: Encoder, paths: Sequence[str], report: Report) -> tuple[int, float, list[int]]:
    """How many files were processed in how many seconds, and the sizes of the thumbnails in bytes."""
    done, sizes, began = 0, [], perf_counter()
    with closing(pool.map(paths)) as decoded:
        for batch in timely_batches(decoded, lambda: model.at_once):  # as in an import
            good = [image for _, image in batch if isinstance(image, DecodedImage)]
            if good:
                model.encode(np.stack([image.pixels for image in good]))
            sizes += [len(image.thumbnail or b"") for image in good]
            done += len(batch)
            report(done, len(paths), "measuring")
            if perf_counter() - began > ENOUGH_S:
                break
        seconds = perf_counter() - began
    return done, seconds, sizes
