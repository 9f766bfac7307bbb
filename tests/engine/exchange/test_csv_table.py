"""CSV tables: numbers a person can read and a program can use, and text that acts on nothing."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualmemory_gui.engine.exchange.csv_table import csv_table, number

NUMBERS = [
    (5.55e-17, "0"), (-0.0, "0"), (-1e-17, "0"), (0.5, "0.5"), (1 / 3, "0.333333"), (1.2e-5, "0.000012"),
    (2.0, "2"), (100.0, "100"), (1234567.0, "1234570"), (-12.345678, "-12.3457"), (0.1 + 0.2, "0.3"),
    (99.99999999, "100"), (math.nan, ""), (math.inf, "inf"), (1e15, "1000000000000000"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), NUMBERS)
def test_a_number_has_six_digits_and_no_exponent(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_every_number_comes_back_to_six_digits(value: float) -> None:
    text = number(value)
    assert "e" not in text and text != "-0"
    assert float(text) == pytest.approx(value, rel=1e-5, abs=1e-12)


def test_cells_are_what_their_kind_asks_for() -> None:
    row = [1, np.int64(2), 0.25, np.float32(0.5), None, True, "a,b", "=1+1", " @x", "\x1b[31m\nx\u202e"]
    written = csv_table([str(i) for i in range(len(row))], [row]).splitlines()
    assert len(written) == 2
    expected = ["1", "2", "0.25", "0.5", "", "true", "a,b", "'=1+1", "' @x", r"\x1b[31m\nx\u202e"]
    assert next(csv.reader(io.StringIO(written[1]))) == expected
