"""How wide the graph is searched: what is promised holds for queries that are not in the memory."""

from __future__ import annotations

import numpy as np
import pytest

from tests.index_world import World
from visualmemory_gui.engine.index import ef_tuning
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


def recall_outside(vectors: F32, k: int) -> float:
    """Recall@k of the graph of all but the last vectors, for those."""
    snapshot = World(vectors[:N]).snapshot
    searcher = Searcher(vectors.shape[1], threads=2)
    try:
        found = searcher.nearest_many(snapshot, vectors[N:], k, mode="hnsw")
        right = searcher.nearest_many(snapshot, vectors[N:], k, mode="exact")
    finally:
        searcher.close()
    assert {one.info.mode for one in found} == {"hnsw"}
    return float(np.mean([np.isin(a.rows, b.rows).mean() for a, b in zip(found, right, strict=True)]))


@pytest.mark.parametrize("kind", [islands, few_directions, narrow_cone])
@pytest.mark.parametrize("k", [10, 50])
def test_queries_from_outside_find_what_is_promised(kind, k):
    assert recall_outside(kind(np.random.default_rng(k)), k) >= PROMISED


def test_measured_on_the_memory_s_own_vectors_it_would_not_be_kept(monkeypatch):
    """The control: the graph leads straight to a vector that it holds."""
    monkeypatch.setattr(ef_tuning, "_from_outside", lambda distinct: distinct.vectors[: ef_tuning.SAMPLE])
    assert recall_outside(few_directions(np.random.default_rng(10)), 10) < PROMISED


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_anything_to_measure(n):
    snapshot = World(gate(np.random.default_rng(0).normal(size=(n, 2)), 2)).snapshot
    assert len(ef_tuning._from_outside(snapshot)) == n
