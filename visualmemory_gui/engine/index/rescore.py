"""Rescoring: the distance of every candidate is measured again in float64, so that all indexes give the same order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64

TIE = 1e-5
"""Distances closer than this may be ordered wrongly by an index that computes in float32."""

BLOCK_ROWS = 8192


def rescore(snapshot: Snapshot, candidates: I64, query: F32, count: int) -> tuple[I64, F64]:
    """The first ``count`` of ``candidates`` by (distance, id), and their distances in [0, 2].

    ``candidates`` are increasing rows of the snapshot that may vote. Each row is measured alone (einsum, not BLAS):
    its distance does not depend on which other rows are measured with it.
    """
    rows = cut_twins(snapshot, candidates, count)
    distances = _distances(snapshot, rows, query)
    order = distances.argsort(kind="stable")[:count]
    return rows[order], distances[order]


def cut_twins(snapshot: Snapshot, rows: I64, count: int) -> I64:
    """``rows`` (increasing) without those that come after ``count`` rows of the same vector and a smaller id."""
    if len(rows) <= 4 * count:
        return rows
    twins = snapshot.twin[rows]
    order = np.argsort(twins, kind="stable")
    grouped = twins[order]
    place = np.arange(len(rows))
    starts = np.r_[True, grouped[1:] != grouped[:-1]]
    rank = place - np.maximum.accumulate(np.where(starts, place, 0))
    kept: I64 = np.sort(rows[order[rank < count]])
    return kept


def _distances(snapshot: Snapshot, rows: I64, query: F32) -> F64:
    """1 - cosine of each row to the query, in blocks so that a tie set of any size fits."""
    wide = query.astype(np.float64)
    distances = np.empty(len(rows))
    for start in range(0, len(rows), BLOCK_ROWS):
        part = snapshot.vectors_of(rows[start : start + BLOCK_ROWS]).astype(np.float64)
        np.einsum("ij,j->i", part, wide, out=distances[start : start + BLOCK_ROWS])
    np.subtract(1.0, distances, out=distances)
    np.maximum(distances, 0.0, out=distances)
    return np.minimum(distances, 2.0, out=distances)


def rescore_many(snapshot: Snapshot, candidates: Sequence[I64], queries: F32, count: int) -> list[tuple[I64, F64]]:
    """``rescore`` for each of ``queries`` (q, d), measured in memory that is made once for all of them.

    Fresh memory for each query would cost as much as the measuring, and more in several threads.
    """
    kept = [cut_twins(snapshot, rows, count) for rows in candidates]
    largest = min(max(map(len, kept), default=0), BLOCK_ROWS)
    room = np.empty((largest, queries.shape[1]), np.float32), np.empty((largest, queries.shape[1]))
    found = []
    for rows, query in zip(kept, queries, strict=True):
        distances = _distances_in(room, snapshot, rows, query=query)
        order = distances.argsort(kind="stable")[:count]
        found.append((rows[order], distances[order]))
    return found


def _distances_in(room: tuple[F32, F64], snapshot: Snapshot, rows: I64, *, query: F32) -> F64:
    narrow, wide = room
    similarity, wide_query = np.empty(len(rows)), query.astype(np.float64)
    for start in range(0, len(rows), BLOCK_ROWS):
        part = rows[start : start + BLOCK_ROWS]
        n = len(part)
        np.copyto(wide[:n], snapshot.vectors_of(part, narrow[:n]))
        np.einsum("ij,j->i", wide[:n], wide_query, out=similarity[start : start + n])
    clipped: F64 = np.minimum(np.maximum(1.0 - similarity, 0.0), 2.0)
    return clipped
