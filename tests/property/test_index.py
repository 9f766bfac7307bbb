"""Every index against brute force: duplicates, near ties, strikes, older snapshots, k above n, nothing at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.index_world import World, assert_nearest, random_vectors
from visualmemory_gui.engine.index.device_exact import DeviceExactIndex
from visualmemory_gui.engine.index.search import Searcher
from visualmemory_gui.engine.index.torch_exact import TorchExactIndex
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.types import F32, SearchMode

DIM = 6
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add twins", "strike", "restore", "strike all", "follow", "keep", "build"]),
        st.integers(0, 2**31),
    ),
    max_size=12,
)


def some_vectors(n: int, seed: int) -> F32:
    """Vectors of which a third are equal and a third nearly equal to others."""
    rng = np.random.default_rng(seed)
    pool = rng.normal(size=(max(n // 3, 1), DIM))
    drawn = pool[rng.integers(0, len(pool), n)]
    kind = rng.integers(0, 3, n)[:, None]
    noise = rng.normal(size=(n, DIM))
    return gate(drawn + np.where(kind == 1, 1e-7, 0) * noise + np.where(kind == 2, 0.3, 0) * noise, DIM)


def searcher_of(kind: str) -> tuple[Searcher, SearchMode]:
    searcher = Searcher(DIM, threads=1)
    if kind == "device":
        searcher._exact = DeviceExactIndex(TorchExactIndex(DIM, "cpu:0", block_bytes=50 * DIM * 2))
    return searcher, "hnsw" if kind == "hnsw" else "exact"


@pytest.mark.parametrize("kind", ["exact", "device", "hnsw"])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(n=st.integers(0, 150), seed=st.integers(0, 2**31), k=st.integers(1, 40), steps=STEPS)
def test_an_index_finds_what_brute_force_finds_through_any_edits(
    kind: str, n: int, seed: int, k: int, steps: list[tuple[str, int]]
) -> None:
    searcher, mode = searcher_of(kind)
    world = World(some_vectors(n, seed))
    kept = [world.snapshot]
    for what, number in steps:
        edit(world, searcher, what, number)
        if what == "keep":
            kept.append(world.snapshot)
    rng = np.random.default_rng(seed)
    for snapshot in [*kept, world.snapshot]:
        some = rng.integers(0, max(len(snapshot), 1), 2)
        queries = [*snapshot.vectors[some[: len(snapshot)]], random_vectors(1, DIM, seed=seed)[0]]
        excluded = [int(i) for i in rng.integers(1, 60, 3)]
        for query in queries:
            found = searcher.nearest(snapshot, query, k, mode=mode, excluded=excluded)
            assert_nearest(found, snapshot, query, k, excluded=excluded)
        many = searcher.nearest_many(snapshot, np.array(queries), k, mode=mode)
        for query, found in zip(queries, many, strict=True):
            assert_nearest(found, snapshot, query, k)
    searcher.close()


def edit(world: World, searcher: Searcher, what: str, number: int) -> None:
    rng = np.random.default_rng(number)
    present = len(world.vectors)
    if what == "add":
        world.add(some_vectors(int(rng.integers(1, 60)), number))
    elif what == "add twins" and present:
        world.add(world.vectors[rng.integers(0, present, 20)])
    elif what in ("strike", "restore") and present:
        world.set_active(rng.integers(1, present + 1, 15).tolist(), what == "restore")
    elif what == "strike all" and present:
        world.set_active(range(1, present + 1), False)
    elif what == "follow":
        searcher.follow(world.snapshot)
    elif what == "build":
        searcher.build(world.snapshot)


@pytest.mark.parametrize("mode", ["exact", "hnsw"])
def test_among_5000_equal_vectors_in_10000_every_exemplar_finds_itself(mode: SearchMode) -> None:
    others = random_vectors(5000, 16, seed=0)
    world = World(np.concatenate((np.repeat(random_vectors(1, 16, seed=1), 5000, axis=0), others)))
    searcher = Searcher(16)
    snapshot = world.snapshot
    if mode == "hnsw":
        searcher.build(snapshot)
    rows = np.arange(4990, 10_000, 5)
    for row, found in zip(rows, searcher.nearest_many(snapshot, snapshot.vectors[rows], 10, mode=mode), strict=True):
        assert found.rows[0] == (0 if row < 5000 else row)
        assert found.distances[0] < 1e-6
    twins = searcher.nearest(snapshot, snapshot.vectors[0], 20, mode=mode, excluded=range(1, 4001))
    assert twins.rows.tolist() == list(range(4000, 4020))
    world.set_active([4001], False)
    after = searcher.nearest(world.snapshot, snapshot.vectors[0], 5, mode=mode, excluded=range(1, 4001))
    assert after.rows.tolist() == [4001, 4002, 4003, 4004, 4005]
    searcher.close()
