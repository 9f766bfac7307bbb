"""How the similarity of two images splits over their cells. It is not a causal claim.

An encoder that averages gives an image with cells f_1 … f_n the vector mean f / |mean f|. Its cosine to a unit vector
x is then a sum over the cells, <f_i, x> / (n |mean f|), and with x = mean g / |mean g| a sum over pairs of cells.
"""

from __future__ import annotations

import numpy as np

from visualmemory_gui.engine.types import F32, F64

POOLED_WITHIN = 1e-3


def is_pooled(cells: F32, vector: F32) -> bool:
    """Whether ``vector`` (d,), of unit length, is the average of ``cells`` (h, w, d) brought to unit length."""
    if cells.shape[-1] != len(vector):
        return False
    mean = _mean(cells)
    length = float(np.linalg.norm(mean))
    return length > 0 and float(np.abs(mean / length - vector).max()) < POOLED_WITHIN


def attribution(cells: F32, other: F32) -> F64:
    """(h, w): each cell's part of the cosine between its image and ``other`` (d,), of unit length; they sum to it.

    With the difference of two vectors as ``other``, it is each cell's part of the difference of the cosines.
    """
    mean = _mean(cells)
    n, length = cells.shape[0] * cells.shape[1], float(np.linalg.norm(mean))
    out: F64 = cells.astype(np.float64) @ other.astype(np.float64) / (n * length if length else 1.0)
    return out


def point_to_point(cells: F32, others: F32) -> F64:
    """(h, w, h', w'): the part of each pair of cells of two images in their cosine; they sum to it."""
    flat, other = _flat(cells), _flat(others)
    lengths = float(np.linalg.norm(_mean(cells))) * float(np.linalg.norm(_mean(others)))
    pairs: F64 = flat @ other.T / (len(flat) * len(other) * lengths if lengths else 1.0)
    return pairs.reshape(*cells.shape[:2], *others.shape[:2])


def patch_similarity(cells: F32, others: F32) -> F64:
    """(h, w, h', w'): the cosine of every pair of cells. For encoders that do not average; not part of any sum."""
    flat, other = _flat(cells), _flat(others)
    pairs: F64 = _unit(flat) @ _unit(other).T
    return pairs.reshape(*cells.shape[:2], *others.shape[:2])


def _mean(cells: F32) -> F64:
    out: F64 = cells.astype(np.float64).mean(axis=(0, 1))
    return out


def _flat(cells: F32) -> F64:
    return cells.reshape(-1, cells.shape[-1]).astype(np.float64)


def _unit(rows: F64) -> F64:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    out: F64 = rows / np.where(lengths > 0, lengths, 1.0)
    return out
