"""How wide the graph must be searched so that it finds what exact search finds, measured on the memory itself."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.index.exact import ExactIndex
from visualmemory_gui.engine.index.graph import Graph
from visualmemory_gui.engine.index.rescore import rescore
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64

COUNTS = (20, 60, 110)
LADDER = (24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 1536, 2048)
SAMPLE = 256
WANTED_RECALL = 0.998
"""More than the promised 0.99: queries from outside miss up to four times as many neighbours as the memory's own
vectors do (0.998 became 0.9917 to 0.9985 on four kinds of seeded data)."""

BEYOND = 8
"""Nodes beyond the count, which show that the answer is complete."""

FLOAT_ERROR = 1e-6


@dataclass(frozen=True, slots=True)
class Widths:
    """``widths[i]`` nodes are visited (hnswlib's ef) to find ``counts[i]`` neighbours; measured on ``nodes`` nodes."""

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
    """Search ``graph``, built for ``snapshot``, for the neighbours of a seeded sample of the memory's own vectors,
    wider and wider, until it finds what exact search finds.

    A neighbour found counts as correct if it is as near as the last correct one: ties may be found in any order.
    """
    queries = _sample(snapshot)
    truth = _truth(snapshot, queries)
    found: dict[int, int] = {}
    for width in LADDER:
        answer = graph.nearest_many(queries, width, threads=threads)
        if answer is None or len(found) == len(COUNTS):
            break
        for count in COUNTS:
            if count not in found and width >= count and _recall(answer[1], truth, count) >= WANTED_RECALL:
                found[count] = width
    widths = [found.get(count, LADDER[-1]) for count in COUNTS]
    return Widths(COUNTS, tuple(int(w) for w in np.maximum.accumulate(widths)), graph.live)


def _sample(snapshot: Snapshot) -> F32:
    rows = np.flatnonzero(snapshot.active)
    drawn = np.random.default_rng(len(rows)).choice(rows, min(SAMPLE, len(rows)), replace=False)
    sample: F32 = snapshot.vectors[np.sort(drawn)]
    return sample


def _truth(snapshot: Snapshot, queries: F32) -> list[F64]:
    """For each query, the distances of the nearest different vectors, nearest first."""
    distinct = _one_of_each(snapshot)
    proposed = ExactIndex().candidates_many(distinct, queries, COUNTS[-1])
    return [rescore(distinct, rows, query, COUNTS[-1])[1] for rows, query in zip(proposed, queries, strict=True)]


def _one_of_each(snapshot: Snapshot) -> Snapshot:
    """The snapshot as the graph sees it: of equal vectors only the first active row is active."""
    rows = np.flatnonzero(snapshot.active)
    _, first = np.unique(snapshot.twin[rows], return_index=True)
    return snapshot.changed(active=snapshot.among(rows[first]))


def _recall(distances: F32, truth: Sequence[F64], count: int) -> float:
    """The share of the true neighbours that are among the first ``count`` found, the query itself not counted."""
    hits = total = 0
    for got, right in zip(distances, truth, strict=True):
        wanted = right[:count]
        hits += min(int((got[:count] <= wanted[-1] + FLOAT_ERROR).sum()), len(wanted)) - 1
        total += len(wanted) - 1
    return hits / total if total else 1.0
