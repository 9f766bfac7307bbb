"""What the gate lets through, converts and refuses."""

from __future__ import annotations

import numpy as np
import pytest

from visualmemory_gui.engine.errors import BadVector
from visualmemory_gui.engine.index.vector_check import gate, gate_one

UNIT = np.array([[0.6, 0.8, 0.0]], np.float32)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([[np.nan, 1.0, 0.0]], "vector 0 holds a value that is not a finite number"),
        ([[1.0, 0.0, 0.0], [np.inf, 1.0, 0.0]], "vector 1 holds a value that is not a finite number"),
        ([[0.0, 0.0, 0.0]], "no length"),
        ([[1e-30, 0.0, 0.0]], "no length"),
        ([[1e-6, 0.0, 0.0]], "no length"),
        ([[1.0, 0.0]], "expected vectors of length 3"),
        ([1.0, 0.0, 0.0, 0.0], "expected vectors of length 3"),
        (1.0, "expected vectors of length 3"),
        ([[[1.0, 0.0, 0.0]]], "expected vectors of length 3"),
        ([[1, 0, 0]], "must be float32"),
        (np.array([[1, 0, 0]], np.uint8), "must be float32"),
        (np.array([[1, 0, 0]], np.complex64), "must be float32"),
        (np.array([[True, False, False]]), "must be float32"),
        ([["a", "b", "c"]], "must be float32"),
        ([[1.0, 0.0, 0.0], [1.0]], "one array of numbers"),
        ([[None, 1.0, 0.0]], "must be float32"),
    ],
)
def test_a_vector_that_would_harm_an_index_is_refused_with_the_reason(given: object, why: str) -> None:
    with pytest.raises(BadVector, match=why):
        gate(given, 3)  # type: ignore[arg-type]


def test_a_unit_row_is_kept_bit_for_bit_in_a_fresh_array() -> None:
    rows = np.random.default_rng(0).normal(size=(1000, 24))
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    passed = gate(unit, 24)
    assert passed.tobytes() == unit.tobytes()
    assert not np.shares_memory(passed, unit)


@pytest.mark.parametrize("scale", [1e38, 3.0, 1.00001, 2e-6, -1.0])
def test_a_row_of_another_length_is_normalised(scale: float) -> None:
    given = (UNIT * np.float32(scale)).astype(np.float32)
    np.testing.assert_allclose(gate(given, 3), np.sign(scale) * UNIT, atol=1e-7)


def test_values_whose_squares_overflow_float64_are_normalised() -> None:
    np.testing.assert_allclose(gate([[3e300, 4e300, 0.0]], 3), UNIT, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ">f4", ">f8"])
def test_other_floats_are_converted_to_float32_of_unit_length(dtype: str) -> None:
    passed = gate(UNIT.astype(dtype), 3)
    assert passed.dtype == np.float32
    assert abs(float(np.linalg.norm(passed.astype(float))) - 1) <= 1e-6
    np.testing.assert_allclose(passed, UNIT, atol=1e-3)


def test_what_passed_once_passes_again_unchanged() -> None:
    rows = np.random.default_rng(1).normal(size=(20_000, 8)) * 100
    once = gate(rows, 8)
    assert gate(once, 8).tobytes() == once.tobytes()


def test_one_vector_keeps_its_shape_and_none_are_no_error() -> None:
    assert gate([3.0, 4.0, 0.0], 3).shape == (3,)
    assert gate(np.empty((0, 3), np.float32), 3).shape == (0, 3)


@pytest.mark.parametrize("given", [UNIT, UNIT.tolist(), 1.0])
def test_one_vector_is_asked_for_and_nothing_else_taken(given: object) -> None:
    with pytest.raises(BadVector):
        gate_one(given, 3)  # type: ignore[arg-type]
    assert gate_one(UNIT[0], 3).shape == (3,)


def test_a_vector_by_itself_passes_as_it_does_among_others() -> None:
    rows = np.random.default_rng(2).normal(size=(200, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True) * np.linspace(1 - 3e-6, 1 + 3e-6, 200)[:, None].astype("f4")
    together = gate(rows, 8)
    assert all(gate_one(row, 8).tobytes() == passed.tobytes() for row, passed in zip(rows, together, strict=True))
