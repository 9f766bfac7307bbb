"""Small memories of vectors in which some exemplars mislead the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.conftest import clustered
from visualmemory_gui import VisualMemory

DIM = 8


def noisy(n: int, *, seed: int, flipped: float = 0.15, spread: float = 0.45) -> tuple[np.ndarray, list[str], list[int]]:
    """``n`` vectors in 4 classes of which a part has another label: vectors, given labels, places of the flipped."""
    vectors, labels = clustered(n, dim=DIM, classes=4, seed=seed, spread=spread)
    rng = np.random.default_rng(seed)
    places = np.sort(rng.choice(n, round(flipped * n), replace=False)).tolist()
    for i in places:
        labels[i] = str(rng.choice([f"class {c}" for c in range(4) if f"class {c}" != labels[i]]))
    return vectors, labels, places


def hubs(n: int, *, seed: int, liars: int) -> tuple[np.ndarray, list[str], list[int]]:
    """Two far classes, and ``liars`` exemplars of a third in the very middle of each: nearest to everything there."""
    rng = np.random.default_rng(seed)
    centres = np.eye(32)[:2]
    of = rng.integers(0, 2, n)
    raw = centres[of] + 0.45 * rng.normal(size=(n, 32)) / np.sqrt(32)
    lies = np.repeat(centres, liars, axis=0) + 0.005 * rng.normal(size=(2 * liars, 32))
    labels = [f"class {c}" for c in of] + ["liar"] * (2 * liars)
    return unit(np.concatenate([raw, lies])), labels, list(range(n, n + 2 * liars))


def unit(raw: np.ndarray) -> np.ndarray:
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


@contextmanager
def memory_of(place: Path, vectors: np.ndarray, labels: list[str]) -> Iterator[VisualMemory]:
    with VisualMemory.create(place / "m.vmem", dim=vectors.shape[1]) as made:
        made.add_vectors(vectors, labels)
        yield made
