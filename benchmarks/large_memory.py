"""A memory of very many exemplars with thumbnails, made once: a minute and a half and 8 GB for a million."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.images.thumbnails import thumbnail
from visualmemory_gui.engine.types import NewExemplar

DIM, PART, CLASSES, GROUPS = 16, 20_000, 1000, 40
IMAGES = 500  # different thumbnails, which take turns


def make(folder: Path, n: int) -> None:
    """A memory of ``n`` exemplars in 1,000 classes, in parts: what an import of that many would leave."""
    rng = np.random.default_rng(0)
    jpegs = [_jpeg(rng) for _ in range(IMAGES)]
    with VisualMemory.create(folder, dim=DIM) as memory:
        for start in range(0, n, PART):
            of = rng.integers(0, CLASSES, min(PART, n - start))
            raw = rng.normal(size=(len(of), DIM)).astype(np.float32)
            vectors = raw / np.linalg.norm(raw, axis=1, keepdims=True)
            rows = [_row(start + i, int(c), vectors[i], jpegs[(start + i) % IMAGES]) for i, c in enumerate(of)]
            memory.add_rows(rows)
            print(f"{start + len(of):,} of {n:,}", end="\r", file=sys.stderr, flush=True)
        memory.strike(list(range(7, n, max(1, n // 2000))))
        memory.history.baseline()  # as after a build


def _row(place: int, of: int, vector: np.ndarray, jpeg: bytes) -> NewExemplar:
    label = f"group {of % GROUPS:02d}/class {of:04d}"
    return NewExemplar(
        label, vector, source=f"/images/{label}/{place:07d}.jpg", width=1600, height=1200, thumbnail=jpeg
    )


def _jpeg(rng: np.random.Generator) -> bytes:
    """A thumbnail as the product makes them: 256 x 192, about as large as one of a photograph."""
    from PIL import Image

    colours = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return thumbnail(Image.fromarray(colours).resize((512, 384), Image.Resampling.BICUBIC))
