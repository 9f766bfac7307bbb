"""How a cosine splits over the cells of an image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualmemory_gui.engine.attribution.attribution import attribution, is_pooled, patch_similarity, point_to_point


def cells(h: int, w: int, d: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.3, 1.0, (h, w, d)).astype(np.float32)


def pooled(of: np.ndarray) -> np.ndarray:
    mean = of.astype(np.float64).mean(axis=(0, 1))
    return (mean / np.linalg.norm(mean)).astype(np.float32)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(2, 32), st.integers(0, 10_000))
def test_the_cells_sum_to_the_cosine_and_so_do_the_pairs(h: int, w: int, d: int, seed: int) -> None:
    one, other = cells(h, w, d, seed), cells(w, h, d, seed + 1)
    cosine = float(pooled(one).astype(np.float64) @ pooled(other).astype(np.float64))
    assert attribution(one, pooled(other)).sum() == pytest.approx(cosine, abs=1e-5)
    pairs = point_to_point(one, other)
    assert pairs.shape == (h, w, w, h)
    assert pairs.sum() == pytest.approx(cosine, abs=1e-5)
    assert pairs.sum(axis=(2, 3)) == pytest.approx(attribution(one, pooled(other)), abs=1e-5)
    assert pairs.sum(axis=(0, 1)) == pytest.approx(attribution(other, pooled(one)), abs=1e-5)


def test_the_difference_of_two_neighbours_splits_into_the_difference_of_their_cosines() -> None:
    query, one, other = (cells(7, 7, 16, seed) for seed in range(3))
    lead = attribution(query, pooled(one) - pooled(other))
    assert lead == pytest.approx(attribution(query, pooled(one)) - attribution(query, pooled(other)), abs=1e-7)


def test_an_average_is_told_from_what_is_none() -> None:
    one = cells(7, 7, 16, 1)
    assert is_pooled(one, pooled(one))
    assert not is_pooled(one, pooled(cells(7, 7, 16, 2)))
    assert not is_pooled(one, np.ones(8, np.float32))
    assert not is_pooled(np.zeros((2, 2, 4), np.float32), np.zeros(4, np.float32))


def test_patches_are_as_alike_as_their_cosines_and_an_empty_one_is_like_nothing() -> None:
    one, other = cells(2, 3, 8, 1), cells(3, 2, 8, 2)
    one[0, 0] = 0
    pairs = patch_similarity(one, other)
    a, b = one[1, 2].astype(np.float64), other[0, 1].astype(np.float64)
    assert pairs[1, 2, 0, 1] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    assert not pairs[0, 0].any()
    assert np.abs(pairs).max() <= 1 + 1e-9


def test_cells_without_a_direction_give_nothing() -> None:
    assert not attribution(np.zeros((2, 2, 4), np.float32), np.ones(4, np.float32)).any()
    assert not point_to_point(np.zeros((2, 2, 4), np.float32), np.zeros((2, 2, 4), np.float32)).any()
