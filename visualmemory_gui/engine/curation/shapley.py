"""The value of each exemplar to the decisions: its exact k-NN Shapley value.

The utility of a set of exemplars is the share of the vote that a query's own label gets from its first K neighbours in
the set, v(S) = sum of w_j [label of the j-th is right] / W(K), with non-increasing rank weights w, W(n) = w_1 + … + w_n
and v(empty) = 0. The value of an exemplar is its mean contribution to v over all orders in which the set can be built.
R. Jia et al., "Efficient task-specific data valuation for nearest neighbor algorithms" (VLDB 2019) give w = 1/K.

With all N exemplars sorted by distance, c_i = W(min(i, K)) / i and y_i = [the i-th is right], the recurrence
s_N = y_N c_N; s_i = s_(i+1) + (y_i - y_(i+1)) c_i sums up to s_i = y_i c_i - sum over j > i of y_j (c_(j-1) - c_j),
which one pass from the far end computes for all i: O(N log N) per query, including the sort.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64, Bools, Rule

Weights = Literal["rank", "plurality"]
"""The weights: those of the voting rule of that name. The other rules' weights depend on more than the rank."""

BLOCK_FLOATS = 4_000_000
TILE_ROWS = 4096
STEPS = 2.0**35
"""Steps per unit of distance: distances closer than 3e-11 count as equal, and the smaller id comes first."""
_ROW_BITS = 26
_LAST = np.iinfo(np.int64).max
_NO_CLASS = -2


def shapley_values(
    snapshot: Snapshot,
    queries: F32,
    truth: I64,
    *,
    k: int,
    rule: Weights = "rank",
    left_out: Callable[[int], I64] | None = None,
    report: Report = silent,
) -> F64:
    """The value of each row of ``snapshot`` for ``queries``, (n,) float64: the mean over the queries, 0 without any.

    ``queries`` is (q, d) float32 of unit length, ``truth`` (q,) their right label codes (-1: a label that no exemplar
    has); ``left_out(i)`` names rows that query i does not see. Rows that are not active have value 0. The values sum to
    the mean utility. Memory use stays within about 200 MB. Raises Cancelled.
    """
    part = np.zeros(len(queries), np.int64)
    sums = shapley_sums(snapshot, queries, truth, part=part, parts=1, k=k, rule=rule, left_out=left_out, report=report)
    values: F64 = sums[0] / max(len(queries), 1)
    return values


def shapley_sums(
    snapshot: Snapshot,
    queries: F32,
    truth: I64,
    *,
    part: I64,
    parts: int,
    k: int,
    rule: Weights = "rank",
    left_out: Callable[[int], I64] | None = None,
    report: Report = silent,
) -> F64:
    """The same, summed over the queries of each part: (parts, n); ``part`` (q,) is each query's part."""
    rows = np.flatnonzero(snapshot.active)
    codes = np.append(snapshot.label[rows].astype(np.int64), _NO_CLASS)
    out = np.zeros((parts, len(snapshot)))
    if not len(rows):
        return out
    place = np.full(len(snapshot), -1, np.int64)
    place[rows] = np.arange(len(rows))
    cast = rank_weights(rule, k)
    block = max(1, BLOCK_FLOATS // len(rows))
    for start in range(0, len(queries), block):
        report(start, len(queries), "valuing")
        end = min(start + block, len(queries))
        keys = _keys(snapshot, rows, queries[start:end])
        for i in range(end - start) if left_out is not None else ():
            gone = place[left_out(start + i)]  # type: ignore[misc]
            keys[i, gone[gone >= 0]] = _LAST
        keys.sort(axis=1)
        order = np.minimum(keys & (2**_ROW_BITS - 1), len(rows))
        values = values_in_order(codes[order] == truth[start:end, None], cast)
        for p in np.unique(part[start:end]).tolist():
            mine = part[start:end] == p
            out[p, rows] += np.bincount(order[mine].ravel(), values[mine].ravel(), minlength=len(rows) + 1)[:-1]
    report(len(queries), len(queries), "valuing")
    return out


def values_in_order(right: Bools, cast: F64) -> F64:
    """The value of every exemplar for each query, (q, n) float64.

    ``right`` (q, n) says for the exemplars by increasing distance whether their label is the query's, and is False
    beyond the end of a shorter list; ``cast`` (k,) holds the weights, which sum to 1 and do not increase.
    """
    ranks = np.arange(1, right.shape[1] + 1)
    c = np.cumsum(cast)[np.minimum(ranks, len(cast)) - 1] / ranks
    drop = np.zeros(len(c))
    drop[1:] = c[:-1] - c[1:]
    lost = right * drop
    behind = np.cumsum(lost[:, ::-1], axis=1)[:, ::-1] - lost
    values: F64 = right * c - behind
    return values


def no_values(rule: Rule) -> str:
    """Why there are none in a memory that decides by ``rule``, where votes are solved for together."""
    return f"Shapley values are defined for votes that depend on the rank alone, and this memory decides by {rule}"


def rank_weights(rule: Weights, k: int) -> F64:
    """(k,) float64: the votes of the ranks, which sum to 1."""
    cast = VotingScheme(rule, k).vote_weights(NeighbourArrays.plain(np.zeros(k)))
    scaled: F64 = cast / cast.sum()
    return scaled


def _keys(snapshot: Snapshot, rows: I64, queries: F32) -> I64:
    """(q, n) int64 that sort like (distance, row): the distance in steps, then the place among ``rows``."""
    keys = np.empty((len(queries), len(rows)), np.int64)
    wide = queries.astype(np.float64)
    for start in range(0, len(rows), TILE_ROWS):
        part = rows[start : start + TILE_ROWS]
        distances = 1.0 - wide @ snapshot.vectors[part].astype(np.float64).T
        np.clip(distances, 0.0, 2.0, out=distances)
        keys[:, start : start + len(part)] = np.rint(distances * STEPS)
    keys <<= _ROW_BITS
    keys |= np.arange(len(rows))
    return keys
