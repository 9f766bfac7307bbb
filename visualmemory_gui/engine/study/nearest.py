"""Exact retrieval by plain numpy, for studies that change what is active many times over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64

_BLOCK = 256
_SPARE = 32


@dataclass(frozen=True, slots=True)
class Nearest:
    """The neighbours of one query: rows by increasing (distance, row), and their distances in [0, 2]."""

    rows: I64
    distances: F64


def nearest_many(
    snapshot: Snapshot,
    queries: F32,
    k: int,
    *,
    excluded_rows: Callable[[int], I64] | None = None,
    report: Report = silent,
) -> list[Nearest]:
    """The ``k`` nearest active rows of each query, without those that ``excluded_rows(i)`` names for query i.

    Candidates come from float32 products in blocks and are ordered by float64 distances. Where more than 32 exemplars
    lie within float32 rounding of the k-th, which of them is taken is left to chance.
    """
    memory = np.ascontiguousarray(snapshot.vectors.T)
    found: list[Nearest] = []
    for start in range(0, len(queries), _BLOCK):
        report(start, len(queries))
        part = queries[start : start + _BLOCK]
        near = part @ memory
        near[:, ~snapshot.active] = -np.inf
        for i in range(len(part)) if excluded_rows is not None else ():
            near[i, excluded_rows(start + i)] = -np.inf  # type: ignore[misc]
        found += [_ordered(snapshot, query, near[i], k) for i, query in enumerate(part)]
    return found


def _ordered(snapshot: Snapshot, query: F32, near: F32, k: int) -> Nearest:
    count = min(k + _SPARE, len(near))
    rows = np.argpartition(-near, count - 1)[:count] if count else np.empty(0, np.int64)
    rows = np.sort(rows[np.isfinite(near[rows])])
    cosine = np.einsum("ij,j->i", snapshot.vectors[rows].astype(np.float64), query.astype(np.float64))
    distances = np.clip(1.0 - cosine, 0.0, 2.0)
    order = np.argsort(distances, kind="stable")[:k]
    return Nearest(rows[order], distances[order])
