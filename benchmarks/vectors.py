"""Three kinds of vectors to search, each with queries that are not among them: easy, as hard as life, and real ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from benchmarks.fashion import INSTALLED, NAMES, memory_of
from visualmemory_gui.engine.types import F32

Kind = Literal["islands", "directions", "photographs"]
KINDS: tuple[Kind, ...] = ("islands", "directions", "photographs")
IN_WORDS: Mapping[Kind, str] = {
    "islands": "islands of 100 vectors",
    "directions": "32 directions and noise",
    "photographs": "Fashion-MNIST by lite0",
}
DIM, CLASSES, PER_ISLAND, DIRECTIONS, NOISE = 384, 1000, 100, 32, 0.5
TEST_IMAGES = 2_000


class Drawn(NamedTuple):
    """``vectors`` (n, dim) float32 of unit length with their ``labels``, and as many ``outside`` as were asked for,
    drawn like them, with theirs."""

    vectors: F32
    labels: list[str]
    outside: F32
    outside_labels: list[str]


def drawn(
    kind: Kind,
    n: int,
    outside: int,
    *,
    dim: int = DIM,
    seed: int = 1,
    folder: Path = INSTALLED,
    kept: Path = Path(),
) -> Drawn:
    """``n`` vectors of ``kind`` and ``outside`` others, seeded; ``dim`` numbers each, but photographs have 1,280.

    Photographs are read from the ``folder`` of Fashion-MNIST and their memories kept in ``kept``; those outside are of
    its test images, of which there may be fewer than asked for: they are then taken again.
    """
    if kind == "photographs":
        return _photographs(n, outside, folder, kept)
    rng = np.random.default_rng(seed)
    make = _islands if kind == "islands" else _directions
    raw, of = make(rng, n + outside, max(n // PER_ISLAND, 2), dim)
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    labels = [f"class {c}" for c in of]
    return Drawn(vectors[:n], labels[:n], vectors[n:], labels[n:])


def _islands(rng: np.random.Generator, n: int, islands: int, dim: int) -> tuple[np.ndarray, list[int]]:
    centres = np.random.default_rng(0).normal(size=(islands, dim)).astype(np.float32)
    of = rng.integers(0, islands, n)
    return centres[of] + rng.standard_normal((n, dim), np.float32), of.tolist()


def _directions(rng: np.random.Generator, n: int, classes: int, dim: int) -> tuple[np.ndarray, list[int]]:
    directions = np.random.default_rng(0).normal(size=(DIRECTIONS, dim)).astype(np.float32)
    along = rng.standard_normal((n, DIRECTIONS), np.float32)
    raw = along @ directions + np.float32(NOISE) * rng.standard_normal((n, dim), np.float32)
    signs = (along[:, :10] > 0) @ (1 << np.arange(10))  # by the signs of ten directions
    return raw, (signs % classes).tolist()


def _photographs(n: int, outside: int, folder: Path, kept: Path) -> Drawn:
    parts = []
    for part, count in (("train", n), ("t10k", TEST_IMAGES)):
        with memory_of(folder, part, count, at=kept / f"fashion-{part}-{count}.vmem") as memory:
            snapshot = memory._live.snapshot
            parts.append((snapshot.vectors.copy(), [snapshot.labels[code] for code in snapshot.label]))
    (vectors, labels), (others, names) = parts
    again = np.arange(outside) % len(others)
    assert set(labels) <= set(NAMES)
    return Drawn(vectors, labels, others[again], [names[i] for i in again])


def clustered(n: int, seed: int) -> tuple[F32, list[str]]:
    """Vectors (n, 384) around 1,000 centres, and the centre's name as label."""
    raw, of = _islands(np.random.default_rng(seed), n, CLASSES, DIM)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True), [f"class {c}" for c in of]
