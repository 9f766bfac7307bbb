"""The encoder without a model."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from visualmemory_gui.engine.encoders.fake import FakeEncoder


def images(n: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 255, (n, 64, 64, 3), np.uint8)


def test_it_gives_the_same_bits_alone_in_any_batch_and_in_another_process() -> None:
    batch = images(40)
    together = FakeEncoder().encode(batch)
    for i in (0, 17, 39):
        assert np.array_equal(FakeEncoder().encode(batch[i : i + 1])[0], together[i])
    script = (
        "import sys, numpy as np; from visualmemory_gui.engine.encoders.fake import FakeEncoder; "
        "batch = np.random.default_rng(3).integers(0, 255, (40, 64, 64, 3), np.uint8); "
        "sys.stdout.buffer.write(FakeEncoder().encode(batch).tobytes()); assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == together.tobytes()


def test_vectors_are_of_unit_length_also_for_grey_and_black() -> None:
    plain = np.stack([np.full((64, 64, 3), value, np.uint8) for value in (0, 127, 128, 255)])
    for batch in (plain, images(5), images(0)):
        vectors = FakeEncoder().encode(batch)
        assert vectors.dtype == np.float32 and vectors.shape == (len(batch), 64)
        assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max(initial=0) < 1e-6


def test_like_images_are_near_and_unlike_ones_far() -> None:
    red, dark_red, blue = (np.full((64, 64, 3), c, np.uint8) for c in ((220, 30, 30), (200, 25, 25), (30, 30, 220)))
    a, b, c = FakeEncoder().encode(np.stack([red, dark_red, blue]))
    assert a @ b > 0.95 > 0.5 > a @ c


def test_the_cells_average_to_the_vector() -> None:
    batch = images(5)
    cells = FakeEncoder().features(batch)
    assert cells.shape == (5, 8, 8, 64)
    mean = cells.mean(axis=(1, 2))
    assert np.abs(mean / np.linalg.norm(mean, axis=1, keepdims=True) - FakeEncoder().encode(batch)).max() < 1e-5
