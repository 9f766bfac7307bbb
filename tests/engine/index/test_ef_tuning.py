"""How wide the graph is searched: what is promised holds for queries that are not in the memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.index_world import World
from visualmemory_gui.engine.index import ef_tuning
from visualmemory_gui.engine.index.search import Searcher
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32

N, QUERIES, PROMISED = 3000, 300, 0.99


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


def photographs(rng: np.random.Generator) -> F32:
    """Real ones: 3,300 images of Fashion-MNIST by lite0, the last 300 those of its test set, on their first 96
    principal directions, in bytes."""
    vectors = np.load(Path(__file__).parents[2] / "data" / "fashion_vectors.npy").astype(np.float32)
    return gate(np.concatenate([rng.permutation(vectors[:-QUERIES]), vectors[-QUERIES:]]), 96)


KINDS = (islands, few_directions, narrow_cone, photographs)
Kind = Callable[[np.random.Generator], F32]


@cache
def asked(kind: Kind, *, grown: bool = False) -> tuple[Searcher, World, F32]:
    """A graph, and queries that are not among its vectors. ``grown``: two thirds were added after it was measured."""
    vectors = kind(np.random.default_rng(7))
    n = len(vectors) - QUERIES
    first = n // 3 if grown else n
    world = World(vectors[:first])
    searcher = Searcher(vectors.shape[1], threads=2, exact_limit=0)
    searcher.build(world.snapshot)
    if grown:
        world.add(vectors[first:n])
        with searcher._hnsw.settled(world.snapshot) as view:
            assert view is not None and view.widths.nodes == n
    return searcher, world, vectors[n:]


def recall(kind: Kind, k: int, *, grown: bool = False, narrower: float = 1.0) -> float:
    """The recall@k of these queries, where so many times fewer nodes are visited than were found to be needed."""
    searcher, world, queries = asked(kind, grown=grown)
    view = searcher._hnsw.view
    assert view is not None
    narrow = tuple(int(width / narrower) for width in view.widths.widths)
    searcher._hnsw._view = replace(view, widths=replace(view.widths, widths=narrow))
    try:
        found = searcher.nearest_many(world.snapshot, queries, k, mode="hnsw")
    finally:
        searcher._hnsw._view = view
    right = searcher.nearest_many(world.snapshot, queries, k, mode="exact")
    assert {one.info.mode for one in found} == {"hnsw"}
    return float(np.mean([np.isin(a.rows, b.rows).mean() for a, b in zip(found, right, strict=True)]))


def width(kind: Kind, k: int) -> int:
    view = asked(kind)[0]._hnsw.view
    assert view is not None
    return view.widths.of(k)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [10, 50, 100])
def test_queries_from_outside_find_what_is_promised(kind: Kind, k: int) -> None:
    assert recall(kind, k) >= PROMISED


@pytest.mark.parametrize("kind", [islands, few_directions, narrow_cone])
def test_a_graph_that_has_grown_keeps_the_promise(kind: Kind) -> None:
    assert recall(kind, 10, grown=True) >= PROMISED


@pytest.mark.parametrize("kind", [few_directions, narrow_cone])
def test_half_the_width_would_not_keep_the_promise(kind: Kind) -> None:
    assert recall(kind, 10, narrower=2.0) < PROMISED


def test_data_that_are_easy_to_search_are_not_searched_widely() -> None:
    assert width(islands, 10) < width(few_directions, 10)


def test_measured_on_the_memory_s_own_vectors_it_would_not_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the graph leads straight to a vector that it holds."""
    whole = ef_tuning._Asked.of

    def own(distinct: Snapshot, queries: F32) -> ef_tuning._Asked:
        return whole(distinct, distinct.vectors[np.flatnonzero(distinct.active)[: len(queries)]])

    monkeypatch.setattr(ef_tuning._Asked, "of", own)
    monkeypatch.setattr(sys.modules[__name__], "asked", asked.__wrapped__)
    assert recall(few_directions, 10) < PROMISED


@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_hardly_anything_to_measure(n):
    world = World(gate(np.random.default_rng(0).normal(size=(n, 2)), 2))
    searcher = Searcher(2, threads=1)
    searcher.build(world.snapshot)
    assert len(searcher.nearest(world.snapshot, gate(np.ones((1, 2)), 2)[0], 3, mode="hnsw").rows) == min(n, 3)
    searcher.close()
