"""Exact search by a matrix on a device gives the answers of exact search in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.index_world import World, assert_nearest, random_vectors
from visualmemory_gui.engine.index.device_exact import DeviceExactIndex
from visualmemory_gui.engine.index.rescore import rescore
from visualmemory_gui.engine.index.search import Searcher, SearchResult
from visualmemory_gui.engine.index.torch_exact import TorchExactIndex
from visualmemory_gui.engine.types import SearchInfo

DIM = 12


@pytest.fixture
def on_device() -> DeviceExactIndex:
    return DeviceExactIndex(TorchExactIndex(DIM, "cpu:0", block_bytes=256 * DIM * 2))


def check(index: DeviceExactIndex, world: World, *, k: int = 7) -> None:
    snapshot = world.snapshot
    queries = random_vectors(5, DIM, seed=99)
    excluded = [np.array([0, i]) if len(snapshot) > 5 else np.empty(0, np.int64) for i in range(5)]
    for query, rows, out in zip(
        queries, index.candidates_many(snapshot, queries, k, excluded=excluded), excluded, strict=True
    ):
        found = SearchResult(*rescore(snapshot, rows, query, k), SearchInfo("exact", "cpu"))
        assert_nearest(found, snapshot, query, k, excluded=snapshot.ids[out].tolist())


@pytest.mark.parametrize("n", [0, 1, 6, 7, 3000])
def test_any_number_of_rows_gives_the_true_neighbours(on_device: DeviceExactIndex, n: int) -> None:
    check(on_device, World(random_vectors(n, DIM, seed=0)))


def test_it_keeps_step_with_edits_and_still_answers_older_snapshots(on_device: DeviceExactIndex) -> None:
    world = World(random_vectors(1000, DIM, seed=0))
    check(on_device, world)
    old = world.snapshot
    for step in range(5):
        world.add(random_vectors(300, DIM, seed=step + 1))
        world.set_active(range(1 + 100 * step, 60 + 100 * step), False)
        on_device.follow(world.snapshot)
        check(on_device, world)
    query = random_vectors(1, DIM, seed=50)[0]
    rows = on_device.candidates(old, query, 9)
    assert_nearest(SearchResult(*rescore(old, rows, query, 9), SearchInfo("exact", "cpu")), old, query, 9)


def test_another_working_set_is_searched_on_the_cpu(on_device: DeviceExactIndex) -> None:
    first, *others = [World(random_vectors(500, DIM, seed=seed)) for seed in range(3)]
    for world in (first, *others):
        check(on_device, world)
    assert [on_device.where(world.snapshot) for world in (first, *others)] == ["cpu:0", "cpu", "cpu"]


def test_a_searcher_gives_the_same_answers_with_either(on_device: DeviceExactIndex) -> None:
    world = World(np.repeat(random_vectors(500, DIM, seed=0), 3, axis=0), struck=[1, 2, 700])
    plain, searcher = Searcher(DIM), Searcher(DIM)
    searcher._exact = on_device
    queries = random_vectors(40, DIM, seed=1)
    for one, other in zip(
        plain.nearest_many(world.snapshot, queries, 10), searcher.nearest_many(world.snapshot, queries, 10), strict=True
    ):
        assert one.rows.tolist() == other.rows.tolist()
        assert one.distances.tolist() == other.distances.tolist()


def test_after_closing_nothing_is_uploaded_again(on_device: DeviceExactIndex) -> None:
    world = World(random_vectors(50, DIM, seed=0))
    check(on_device, world)
    assert on_device.holder == "cpu:0"
    on_device.close()
    check(on_device, world)
    assert (on_device.holder, on_device.device) == (None, "cpu")
