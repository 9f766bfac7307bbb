"""Fashion-MNIST as memories: images of 28 x 28 grey pixels, taken in as every other image is.

The files are those of Debian's package dataset-fashion-mnist. A part of it is drawn by class in equal numbers, seeded.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from PIL import Image

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.memory.image_reader import ImageReader, batched, exemplar

INSTALLED = Path("/usr/share/datasets/fashion-mnist")
NAMES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
BATCH = 256


def memory_of(folder: Path, part: str, count: int, *, at: Path) -> VisualMemory:
    """The memory of ``count`` images of ``part`` ("train", "t10k") in ``folder``; made at ``at`` if missing."""
    if not at.exists():
        unfinished = at.with_suffix(".unfinished")
        pixels, codes = read(folder, part)
        rows = drawn(codes, count)
        with VisualMemory.create(unfinished, encoder="lite0") as memory:
            memory.maintenance.defer()
            fill(memory, pixels[rows], [NAMES[code] for code in codes[rows]])
        unfinished.rename(at)
    return VisualMemory.open(at, readonly=True)


def fill(memory: VisualMemory, pixels: np.ndarray, labels: list[str]) -> None:
    """Decode, embed and add ``pixels`` (n, 28, 28) uint8."""
    reader = ImageReader(memory.catalog, memory.identity, lambda: memory.device)
    try:
        with reader.bulk(len(pixels)) as embed:
            for done, batch in enumerate(batched(zip(pixels, labels, strict=True), BATCH)):
                images = [memory.decode(Image.fromarray(grey).convert("RGB")) for grey, _ in batch]
                rows = zip(images, embed(images), batch, strict=True)
                memory.add_rows([exemplar(p, v, label=name, copy=False) for p, v, (_, name) in rows])
                print(f"\r{done * BATCH:,} of {len(pixels):,}", end="", flush=True)
    finally:
        reader.close()
    print("\r", end="")


def read(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 28, 28) uint8 and class codes (n,)."""
    pixels = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
    codes = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    return np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28, 28), np.frombuffer(codes, np.uint8, offset=8)


def drawn(codes: np.ndarray, count: int) -> np.ndarray:
    """About ``count`` places, equally many of each class, in shuffled order."""
    rng = np.random.default_rng(0)
    each = count // len(NAMES)
    chosen = [rng.permutation(np.flatnonzero(codes == code))[:each] for code in range(len(NAMES))]
    return rng.permutation(np.concatenate(chosen))
