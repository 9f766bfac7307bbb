"""How wide the graph must be searched so that it finds what exact search finds, measured on the memory itself.

The promise, recall@k of 0.99, is for queries that are not in the memory. Such a query is imitated: one of the memory's
vectors, moved in a random direction until it is as far from where it was as its nearest neighbour is. The memory's own
vectors are no measure: the graph leads straight to them, and from there to what they are linked to.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.index.exact import ExactIndex
from visualmemory_gui.engine.index.graph import Graph
from visualmemory_gui.engine.index.rescore import MARGIN, rescore
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64

COUNTS = (20, 60, 110)
LADDER = (24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 1536, 2048)
SAMPLE = 256
WANTED_RECALL = 0.997
"""More than the promised 0.99: a direction at random is easier to search than those in which a memory extends."""

BEYOND = 8
"""Nodes beyond the count, which show that the answer is complete."""

FLOAT_ERROR = 1e-6


@dataclass(frozen=True, slots=True)
class Widths:
    """``widths[i]`` nodes are visited (hnswlib's ef) where ``counts[i]`` are proposed, MARGIN more than are wanted;
    measured on ``nodes`` nodes."""

    counts: tuple[int, ...]
    widths: tuple[int, ...]
    nodes: int

    def of(self, count: int) -> int:
        """The width for ``count`` neighbours: between two measured counts by proportion, beyond the last like it."""
        if count >= self.counts[-1]:
            return max(math.ceil(self.widths[-1] * count / self.counts[-1]), count + BEYOND)
        width: float = self.widths[0]
        if count > self.counts[0]:
            high = bisect_right(self.counts, count)
            low = high - 1
            share = (count - self.counts[low]) / (self.counts[high] - self.counts[low])
            width = self.widths[low] + share * (self.widths[high] - self.widths[low])
        return max(math.ceil(width), count + BEYOND)

    def outgrown(self, nodes: int) -> bool:
        """Whether the graph has doubled since they were measured."""
        return nodes > 2 * max(self.nodes, 1000)


def measure(graph: Graph, snapshot: Snapshot, *, threads: int) -> Widths:
    """Search ``graph``, built for ``snapshot``, for the neighbours of a seeded sample of queries like those from
    outside, wider and wider, until it finds what exact search finds.

    Those that a margin adds are not counted: they only take the place of a neighbour that falls out. A neighbour found
    counts as correct if it is as near as the last correct one: ties may be found in any order.
    """
    distinct = _one_of_each(snapshot)
    queries = _from_outside(distinct)
    truth = _nearest(distinct, queries, COUNTS[-1] - MARGIN)
    found: dict[int, int] = {}
    for width in LADDER:
        answer = graph.nearest_many(queries, width, threads=threads)
        if answer is None or len(found) == len(COUNTS):
            break
        for count in COUNTS:
            if count not in found and width >= count and _recall(answer[1], truth, count - MARGIN) >= WANTED_RECALL:
                found[count] = width
    widths = [found.get(count, LADDER[-1]) for count in COUNTS]
    return Widths(COUNTS, tuple(int(w) for w in np.maximum.accumulate(widths)), graph.live)


def _from_outside(distinct: Snapshot) -> F32:
    """Seeded queries (n, dim) that are near the memory's vectors and not among them."""
    rows, rng = np.flatnonzero(distinct.active), np.random.default_rng(int(distinct.active_count))
    own = distinct.vectors[np.sort(rng.choice(rows, min(SAMPLE, len(rows)), replace=False))]
    cosine = 1.0 - np.array([near[-1] for near in _nearest(distinct, own, 2)])[:, None]
    aside = rng.normal(size=own.shape)
    aside -= np.einsum("ij,ij->i", aside, own)[:, None] * own
    aside /= np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), np.finfo(float).tiny)  # 0 in one dimension
    moved = cosine * own + np.sqrt(np.maximum(1.0 - cosine**2, 0.0)) * aside
    return gate(moved, own.shape[1])


def _nearest(distinct: Snapshot, queries: F32, count: int) -> list[F64]:
    """For each query, the distances of the ``count`` nearest active vectors, nearest first."""
    proposed = ExactIndex().candidates_many(distinct, queries, count)
    return [rescore(distinct, rows, query, count)[1] for rows, query in zip(proposed, queries, strict=True)]


def _one_of_each(snapshot: Snapshot) -> Snapshot:
    """The snapshot as the graph sees it: of equal vectors only the first active row is active."""
    rows = np.flatnonzero(snapshot.active)
    _, first = np.unique(snapshot.twin[rows], return_index=True)
    return snapshot.changed(active=snapshot.among(rows[first]))


def _recall(distances: F32, truth: Sequence[F64], count: int) -> float:
    """The share of the ``count`` true neighbours that are among as many found."""
    hits = wanted = 0
    for got, right in zip(distances, truth, strict=True):
        nearest = right[:count]
        hits += min(int((got[:count] <= nearest[-1] + FLOAT_ERROR).sum()), len(nearest))
        wanted += len(nearest)
    return hits / wanted if wanted else 1.0
