"""How wide the graph is searched: what is promised holds for queries that are not in the memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from tests.index_world import World
from visualmemory_gui.engine.index import ef_tuning
from visualmemory_gui.engine.index.rescore import MARGIN
from visualmemory_gui.engine.index.search import Searcher
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.types import F32

N, QUERIES, PROMISED = 4000, 300, 0.99


def islands(rng: np.random.Generator) -> F32:
    centres = np.random.default_rng(1).normal(size=(200, 128))
    return gate(centres[rng.integers(0, 200, N + QUERIES)] + rng.normal(size=(N + QUERIES, 128)), 128)


def few_directions(rng: np.random.Generator) -> F32:
    """32 directions and noise."""
    directions = np.random.default_rng(2).normal(size=(32, 256))
    return gate(rng.normal(size=(N + QUERIES, 32)) @ directions + 0.5 * rng.normal(size=(N + QUERIES, 256)), 256)


def narrow_cone(rng: np.random.Generator) -> F32:
    directions, axis = np.random.default_rng(3).normal(size=(64, 192)), np.random.default_rng(4).normal(size=192)
    return gate(rng.normal(size=(N + QUERIES, 64)) @ directions + 10 * axis, 192)


@cache
def outside(kind: Callable[[np.random.Generator], F32], k: int, *, grown: bool = False) -> tuple[float, int]:
    """For queries that are not among the vectors of a graph: the recall@k, and how many nodes are visited for it.

    ``grown``: two thirds of the graph were added after it had been measured.
    """
    vectors, first = kind(np.random.default_rng(k)), N // 3 if grown else N
    world = World(vectors[:first])
    searcher = Searcher(vectors.shape[1], threads=2, exact_limit=0)
    try:
        searcher.build(world.snapshot)
        if grown:
            world.add(vectors[first:N])
            with searcher._hnsw.settled(world.snapshot) as view:
                assert view is not None and view.widths.nodes == N
        found = searcher.nearest_many(world.snapshot, vectors[N:], k, mode="hnsw")
        right = searcher.nearest_many(world.snapshot, vectors[N:], k, mode="exact")
        assert searcher._hnsw.view is not None
        width = searcher._hnsw.view.widths.of(k + MARGIN)
    finally:
        searcher.close()
    assert {one.info.mode for one in found} == {"hnsw"}
    return float(np.mean([np.isin(a.rows, b.rows).mean() for a, b in zip(found, right, strict=True)])), width


@pytest.mark.parametrize("kind", [islands, few_directions, narrow_cone])
@pytest.mark.parametrize("k", [10, 50])
def test_queries_from_outside_find_what_is_promised(kind, k):
    assert outside(kind, k)[0] >= PROMISED


@pytest.mark.parametrize("kind", [islands, few_directions, narrow_cone])
def test_a_graph_that_has_grown_keeps_the_promise(kind):
    assert outside(kind, 10, grown=True)[0] >= PROMISED


def test_data_that_are_easy_to_search_are_not_searched_widely():
    assert outside(islands, 10)[1] < outside(few_directions, 10)[1]


def test_measured_on_the_memory_s_own_vectors_it_would_not_be_kept(monkeypatch):
    """The control: the graph leads straight to a vector that it holds."""
    whole = ef_tuning._Asked.of

    def own(distinct, queries):
        return whole(distinct, distinct.vectors[np.flatnonzero(distinct.active)[: len(queries)]])

    monkeypatch.setattr(ef_tuning._Asked, "of", own)
    assert outside.__wrapped__(few_directions, 10)[0] < PROMISED


@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_hardly_anything_to_measure(n):
    world = World(gate(np.random.default_rng(0).normal(size=(n, 2)), 2))
    searcher = Searcher(2, threads=1)
    searcher.build(world.snapshot)
    assert len(searcher.nearest(world.snapshot, gate(np.ones((1, 2)), 2)[0], 3, mode="hnsw").rows) == min(n, 3)
    searcher.close()
