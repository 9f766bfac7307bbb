"""The one gate that every vector passes before an index, a vote or the store sees it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.errors import BadVector
from visualmemory_gui.engine.types import F32, F64

UNIT_TOLERANCE = 1e-6
SMALLEST_NORM = 1e-6
BLOCK_ROWS = 8192


def gate(vectors: npt.ArrayLike, dim: int, *, first: int = 0) -> F32:
    """The same vectors as float32 rows of unit length, (n, dim), or (dim,) for a single one; always a fresh array.

    A row whose norm is within 1e-6 of 1 is kept bit for bit (after conversion to float32), others are normalised in
    float64. float64 and float16 are converted. Raises BadVector, naming the first bad row, for anything else: whole
    numbers, another length, NaN, infinity, or a norm of at most 1e-6. ``first`` is the number of the first row there.
    """
    if type(vectors) is np.ndarray and vectors.dtype == np.float32 and vectors.shape in ((dim,), (1, dim)):
        row: F32 = vectors
        if _is_unit(row):  # a query, or an exemplar added by hand
            return row.copy()
    given = _as_floats(vectors)
    if given.ndim not in (1, 2) or given.shape[-1] != dim:
        raise BadVector(f"expected vectors of length {dim}, got an array of shape {given.shape}")
    rows = given.reshape(-1, dim)
    out = np.empty(rows.shape, np.float32)
    for start in range(0, len(rows), BLOCK_ROWS):
        out[start : start + BLOCK_ROWS] = _unit(rows[start : start + BLOCK_ROWS], first=first + start)
    return out.reshape(given.shape)


def gate_one(vector: npt.ArrayLike, dim: int) -> F32:
    """``gate`` for one vector, (dim,). Raises BadVector."""
    checked = gate(vector, dim)
    if checked.ndim != 1:
        raise BadVector(f"expected one vector of length {dim}, got an array of shape {checked.shape}")
    return checked


def _as_floats(vectors: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        given = np.asarray(vectors)
    except (TypeError, ValueError) as error:
        raise BadVector(f"vectors must form one array of numbers: {error}") from error
    if given.dtype.kind != "f" or given.dtype.itemsize not in (2, 4, 8):
        raise BadVector(f"vectors must be float32, float64 or float16, got {given.dtype}")
    return given


def _unit(rows: npt.NDArray[Any], *, first: int) -> F32:
    """``rows`` as float32 of unit length. Scaling by the largest entry first keeps huge float64 from overflowing."""
    wide = rows.astype(np.float64)
    if rows.dtype == np.float32 and _all_unit(wide):
        return rows
    _refuse(~np.isfinite(wide).all(axis=1), "holds a value that is not a finite number", first)
    largest = np.abs(wide).max(axis=1, initial=0.0)
    scale = np.where(largest > 0, largest, 1.0)[:, None]
    scaled = wide / scale
    length = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))
    norms = length * scale[:, 0]
    _refuse(norms <= SMALLEST_NORM, "has (almost) no length, so it has no direction", first)
    keep = np.abs(norms - 1.0) <= UNIT_TOLERANCE
    unit: F32 = np.where(keep[:, None], wide, scaled / length[:, None]).astype(np.float32)
    return unit


def _is_unit(row: F32) -> bool:
    """Whether one row, (dim,) or (1, dim), is of unit length, whatever the order in which its squares are added."""
    wide = row.ravel().astype(np.float64)
    return abs(math.sqrt(wide.dot(wide)) - 1.0) <= 0.99 * UNIT_TOLERANCE


def _all_unit(wide: F64) -> bool:
    """Whether nothing is left to do, as for every vector of an encoder; no sum of float32 squares overflows."""
    norms = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    return bool((np.abs(norms - 1.0) <= UNIT_TOLERANCE).all())


def _refuse(bad: Any, why: str, first: int) -> None:
    if bad.any():
        raise BadVector(f"vector {first + int(np.argmax(bad))} {why}")
