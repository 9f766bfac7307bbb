"""Memories with a few large classes and many small ones, and the same in plain Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests import brute_force
from tests.brute_force import Voter
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision import class_factor
from visualmemory_gui.engine.types import ClassFactor, NewExemplar

DIM = 6
SIZES = (30, 14, 9, 5, 3, 2, 1, 1, 1)


def unit(n: int, rng: np.random.Generator) -> np.ndarray:
    raw = rng.normal(size=(n, DIM))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def content(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def label_of(place: int) -> str:
    return f"{'ab'[place % 2]}/{place}"


def exemplars(rng: np.random.Generator, sizes: tuple[int, ...] = SIZES, *, trusted: bool = True) -> list[NewExemplar]:
    """In clusters, one a class; some are copies or of a group, each is ``trusted`` otherwise by hand."""
    codes = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    centres, noise = unit(len(sizes), rng), unit(len(codes), rng)
    raw = centres[codes] + 0.8 * noise
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    vectors[3] = vectors[0]
    rows = []
    for place, (code, vector) in enumerate(zip(codes.tolist(), vectors, strict=True)):
        rows.append(
            NewExemplar(
                label_of(code),
                vector,
                content=content(place // 2 if rng.random() < 0.1 else 1000 + place),
                group=f"group {rng.integers(3)}" if rng.random() < 0.1 else None,
                trust=float(rng.uniform(0.5, 2)) if trusted else 1.0,  # so that no two totals are equal
            )
        )
    return rows


@contextmanager
def counting_means(factor: ClassFactor) -> Iterator[None]:
    """With the factor ``mean`` let memories made within be large enough for the mean of their classes to count."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (class_factor, brute_force) if factor == "mean" else ():
            patch.setattr(module, "ENOUGH", 2)
        yield


def filled(
    folder: Path, rng: np.random.Generator, sizes: tuple[int, ...] = SIZES, *, trusted: bool = True
) -> VisualMemory:
    memory = VisualMemory.create(folder, dim=DIM)
    memory.add_rows(exemplars(rng, sizes, trusted=trusted))
    return memory


def voters(memory: VisualMemory) -> dict[int, Voter]:
    """The active exemplars, read from the rows of the store."""
    rows = [row for row in memory.catalog.select() if row.state == "active"]
    vectors = memory.catalog.vectors([row.id for row in rows])
    return {
        row.id: Voter(row.label, row.trust, vector.astype(np.float64), row.content, row.group)
        for row, vector in zip(rows, vectors, strict=True)
    }
