"""Exact search of a snapshot that supposes exemplars: the memory's own where they lie, and the others beside them.

So nothing that is supposed is uploaded to a GPU, and the vectors of the memory are not copied for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visualmemory_gui.engine.index.base import NO_ROWS, ExactSearch
from visualmemory_gui.engine.index.exact import ExactIndex
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, I64

_BESIDE = ExactIndex()


def own_part(snapshot: Snapshot) -> Snapshot:
    """``snapshot`` without what it supposes."""
    return snapshot if snapshot.apart is None else snapshot.apart[0]


def candidates(exact: ExactSearch, snapshot: Snapshot, query: F32, count: int, *, excluded: I64 = NO_ROWS) -> I64:
    """``exact.candidates`` of any snapshot."""
    if snapshot.apart is None:
        return exact.candidates(snapshot, query, count, excluded=excluded)
    own, supposed = snapshot.apart
    inside, outside = _split(excluded, len(own))
    found = exact.candidates(own, query, count, excluded=inside) if len(own) else NO_ROWS
    return _joined(found, _BESIDE.candidates(supposed, query, count, excluded=outside), len(own))


def candidates_many(
    exact: ExactSearch,
    snapshot: Snapshot,
    queries: F32,
    count: int,
    *,
    excluded: Sequence[I64],
    report: Report = silent,
) -> Sequence[I64]:
    """``exact.candidates_many`` of any snapshot."""
    if snapshot.apart is None:
        return exact.candidates_many(snapshot, queries, count, excluded=excluded, report=report)
    own, supposed = snapshot.apart
    parts = [_split(rows, len(own)) for rows in excluded]
    found: Sequence[I64] = [NO_ROWS] * len(queries)
    if len(own):
        inside = [part for part, _ in parts]
        found = exact.candidates_many(own, queries, count, excluded=inside, report=report)
    if not supposed.active_count:
        return found
    more = _BESIDE.candidates_many(supposed, queries, count, excluded=[part for _, part in parts])
    return [_joined(one, other, len(own)) for one, other in zip(found, more, strict=True)]


def _split(rows: I64, own: int) -> tuple[I64, I64]:
    """Those of the memory, and those that are supposed by their places among these."""
    return rows[rows < own], rows[rows >= own] - own


def _joined(found: I64, supposed: I64, own: int) -> I64:
    """The first ``count`` of each, and what ties with them, include the first ``count`` of both together."""
    return np.concatenate([found, supposed + own])
