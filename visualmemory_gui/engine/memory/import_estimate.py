"""What adding many images will cost here: measured on a few of them, before the user says yes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.encoders.base import Encoder
from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.memory.image_reader import batched
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import DecodedImage, Device, EncoderIdentity

MOST = 64  # images that are tried
BATCH = 16  # as in an import
ENOUGH_S = 1.5
FULLNESS = 1.12  # what a database page takes for a byte in it
ROW_BYTES = 400  # of an exemplar beside its vector and thumbnail: its row, its indexes, its links in the graph


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one image: ``seconds`` of an import, ``size`` in bytes of what the memory keeps beside a copy of the file.

    ``seconds`` is None where not one image could be read.
    """

    seconds: float | None
    size: float


def measure(
    paths: Sequence[str], encoder: EncoderIdentity, *, device: Device = "auto", report: Report = silent
) -> Cost:
    """Decode and embed some of ``paths``, spread over all, as an import would. Nothing is kept.

    Takes about two seconds, and the time in which ``encoder`` is loaded. Raises EncoderError, Cancelled.
    """
    chosen = paths[:: max(1, len(paths) // MOST)][:MOST]
    report(0, len(chosen), "measuring")
    with DecodePool(geometry=registry.geometry(encoder)) as pool:
        model = registry.load(encoder, device=device, bulk=True)
        try:
            _warm_up(pool, model, chosen[0])
            done, seconds, sizes = _timed(pool, model, chosen, report)
        finally:
            model.close()
    size = FULLNESS * (float(np.mean(sizes or [0])) + 4 * encoder.dim) + 4 * encoder.dim + ROW_BYTES
    return Cost(seconds / done if sizes else None, size)


def _warm_up(pool: DecodePool, model: Encoder, path: str) -> None:
    """The first decoding and the first batch take longer than those that follow."""
    try:
        pixels = pool.decode(path).pixels
    except BadImage:
        return
    model.encode(np.repeat(pixels[None], BATCH, axis=0))


def _timed(pool: DecodePool, model: Encoder, paths: Sequence[str], report: Report) -> tuple[int, float, list[int]]:
    """How many files were worked through in how many seconds, and the sizes of the thumbnails in bytes."""
    done, sizes, began = 0, [], perf_counter()
    with closing(pool.map(paths)) as decoded:
        for batch in batched(decoded, BATCH):
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
