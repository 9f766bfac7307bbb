"""How wide the graph must be searched so that it finds what exact search finds, measured on the memory itself.

The promise, recall@k of 0.99, is for queries that are not in the memory. While a graph is built some vectors are held
out, and the graph of the others is searched for their neighbours; then they are added. Once a graph is whole nothing is
left to hold out, and its own vectors are no measure: it leads straight to them. So when it has doubled, queries are
imitated: vectors moved in a random direction until they are as far from where they were as their nearest neighbours.
How many neighbours of such queries a sufficient width finds depends on the data. It was noted when the graph was built,
and is what they must find again.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from visualmemory_gui.engine.index.exact import ExactIndex
from visualmemory_gui.engine.index.graph import Graph
from visualmemory_gui.engine.index.rescore import rescore
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64

COUNTS = (11, 51, 101)
"""Neighbours that decisions by 10, 50 and 100 of them ask for."""

LADDER = (
    20, 24, 28, 32, 36, 40, 48, 56, 64, 72, 80, 96, 112, 128, 144, 160, 192, 224, 256, 288, 320, 384, 448, 512, 640,
    768, 896, 1024, 1280, 1536, 2048,
)  # fmt: skip
HELD_OUT = 0.125
"""The largest part of a memory that is held out."""

MOST_HELD_OUT = 1024
IMITATED = 512

PROMISED = 0.99
"""The recall for queries that are not in the memory."""

CERTAIN = 2.0
"""By how many standard errors the recall that is measured on a sample must be better."""

HARDER = 3.0
"""The share of neighbours that a search misses grows at most like this power of the number of nodes, among which the
held-out ones are not yet."""

MOST_WANTED = 0.997
"""The recall of imitated queries that is enough in any case."""

BEYOND = 8
"""Nodes beyond the count, which show that the answer is complete."""

FLOAT_ERROR = 1e-6


@dataclass(frozen=True, slots=True)
class Widths:
    """``widths[i]`` nodes are visited (hnswlib's ef) where ``counts[i]`` neighbours are asked for; measured on
    ``nodes`` nodes. ``imitated[i]`` is the recall of imitated queries at that width."""

    counts: tuple[int, ...]
    widths: tuple[int, ...]
    nodes: int
    imitated: tuple[float, ...]

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


def held_out_of(nodes: int) -> int:
    """How many of so many vectors are held out while a graph is built of them."""
    return min(MOST_HELD_OUT, int(HELD_OUT * nodes))


def measure(graph: Graph, snapshot: Snapshot, held_out: I64, *, threads: int) -> Widths:
    """How wide ``graph`` must be searched, which holds one node for each vector of ``snapshot`` but those of the rows
    ``held_out``: so wide that it finds the neighbours of these.

    A neighbour found counts as correct if it is as near as the last correct one: ties may be found in any order.
    """
    there = snapshot.different.changed(active=snapshot.different.active & ~snapshot.among(held_out))
    asked, whole = _Asked.of(there, snapshot.vectors_of(held_out)), there.active_count + len(held_out)
    wanted = 1.0 - (1.0 - PROMISED) * (there.active_count / max(whole, 1)) ** HARDER
    widths = _sufficient(graph, asked, [wanted] * len(COUNTS), certain=CERTAIN, threads=threads)
    imitated = _Asked.of(there, _imitated(there))
    found = [imitated.recall(graph, width, threads) for width in widths]
    least = [MOST_WANTED if each is None else min(each[place][0], MOST_WANTED) for place, each in enumerate(found)]
    return Widths(COUNTS, widths, graph.live, tuple(least))


def measure_again(graph: Graph, snapshot: Snapshot, before: Widths, *, threads: int) -> Widths:
    """The same for a graph that has grown and holds all vectors of ``snapshot``: so wide that it finds as many
    neighbours of imitated queries as were found ``before``."""
    asked = _Asked.of(snapshot.different, _imitated(snapshot.different))
    widths = _sufficient(graph, asked, before.imitated, threads=threads)
    return replace(before, widths=widths, nodes=graph.live)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Queries (n, dim), and for each the distances of its true neighbours, nearest first."""

    queries: F32
    truth: Sequence[F64]

    @classmethod
    def of(cls, distinct: Snapshot, queries: F32) -> _Asked:
        return cls(queries, _nearest(distinct, queries, COUNTS[-1]))

    def recall(self, graph: Graph, width: int, threads: int) -> list[tuple[float, float]] | None:
        """The recall for each of COUNTS where ``width`` nodes are visited, and its standard error; None where the graph
        has no answer."""
        answer = graph.nearest_many(self.queries, width, threads=threads)
        if answer is None:
            return None
        found = [_shares(answer[1], self.truth, count) for count in COUNTS]
        return [(float(each.mean()), float(each.std() / math.sqrt(len(each)))) for each in found]


def _sufficient(
    graph: Graph, asked: _Asked, wanted: Sequence[float], *, certain: float = 0.0, threads: int
) -> tuple[int, ...]:
    """For each of COUNTS the first width on the ladder at which the recall is as ``wanted``, and better than that by
    ``certain`` standard errors; the last where none is. A wider search finds more, so only a few widths are tried."""
    recall = cache(lambda width: asked.recall(graph, width, threads))

    def enough(width: int, place: int) -> bool:
        if width < COUNTS[place] or (found := recall(width)) is None:
            return False
        reached, error = found[place]
        return reached - certain * error >= wanted[place]

    found = [bisect_left(LADDER, True, key=partial(enough, place=place)) for place in range(len(COUNTS))]
    widths = [LADDER[min(at, len(LADDER) - 1)] for at in found]
    return tuple(int(w) for w in np.maximum.accumulate(widths))


def _imitated(distinct: Snapshot) -> F32:
    """Seeded queries (n, dim) that are near the memory's vectors and not among them."""
    rows, rng = np.flatnonzero(distinct.active), np.random.default_rng(int(distinct.active_count))
    own = distinct.vectors_of(np.sort(rng.choice(rows, min(IMITATED, len(rows)), replace=False)))
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


def _shares(distances: F32, truth: Sequence[F64], count: int) -> F64:
    """Of each query the share of the ``count`` true neighbours that are among as many found; 1 for no query at all."""
    shares = [
        min(int((got[:count] <= right[:count][-1] + FLOAT_ERROR).sum()), len(right[:count])) / len(right[:count])
        for got, right in zip(distances, truth, strict=True)
        if len(right)
    ]
    return np.array(shares or [1.0])
