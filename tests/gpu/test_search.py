"""Exact search on a GPU: the order of the CPU, blocks that fill up, and what happens where the memory ends."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.gpu.hard_device import Ceiling, Gone
from tests.index_world import World, random_vectors, twin_hashes
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.device import room
from visualmemory_gui.engine.device.fallback import fallbacks
from visualmemory_gui.engine.index import torch_exact
from visualmemory_gui.engine.index.device_exact import DeviceExactIndex
from visualmemory_gui.engine.index.search import Searcher, SearchResult
from visualmemory_gui.engine.index.torch_exact import TorchExactIndex
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.memory.tracked_decisions import queries_of
from visualmemory_gui.engine.snapshot import JoinedVectors, Snapshot
from visualmemory_gui.engine.types import F32, I64

DIM = 24


def crowded(n: int, *, seed: int = 0, together: int = 40) -> F32:
    """Vectors of which most have equal ones, or others nearer to them than float16 can tell, about so many together."""
    rng = np.random.default_rng(seed)
    pool = rng.normal(size=(n // together + 1, DIM))
    raw = pool[rng.integers(0, len(pool), n)]
    apart = rng.choice([0.0, 1e-7, 1e-5, 1e-3], n)[:, None]
    return gate(raw + apart * rng.normal(size=(n, DIM)), DIM)


def searcher_on(device: str, *, block_rows: int = 200, exact_limit: int = 10**9) -> Searcher:
    searcher = Searcher(DIM, exact_limit=exact_limit)
    searcher._exact = DeviceExactIndex(TorchExactIndex(DIM, device, block_bytes=block_rows * DIM * 2))
    return searcher


def index_of(searcher: Searcher) -> TorchExactIndex:
    assert isinstance(searcher._exact, DeviceExactIndex) and searcher._exact._there is not None
    return searcher._exact._there


def same(found: list[SearchResult], expected: list[SearchResult]) -> bool:
    return all(
        a.rows.tolist() == b.rows.tolist() and a.distances.tolist() == b.distances.tolist()
        for a, b in zip(found, expected, strict=True)
    )


@pytest.fixture
def world() -> World:
    return World(crowded(900), struck=[3, 5, 700])


@pytest.fixture
def queries(world: World) -> F32:
    return np.concatenate([world.vectors[::60], random_vectors(20, DIM, seed=7)])


@pytest.fixture
def expected(world: World, queries: F32) -> list[SearchResult]:
    return Searcher(DIM).nearest_many(world.snapshot, queries, 12, mode="exact")


def test_the_order_is_that_of_the_cpu_through_ties(
    gpu: str, world: World, queries: F32, expected: list[SearchResult]
) -> None:
    searcher = searcher_on(gpu)
    many = searcher.nearest_many(world.snapshot, queries, 12)
    assert same(many, expected)
    assert {one.info.device for one in many} == {gpu}
    assert same([searcher.nearest(world.snapshot, query, 12) for query in queries], expected)


def test_the_order_is_that_of_the_graph(gpu: str) -> None:
    world, searcher = World(crowded(900, together=3)), searcher_on(gpu)
    queries = world.vectors[::45]
    there, graph = (searcher.nearest_many(world.snapshot, queries, 12, mode=mode) for mode in ("exact", "hnsw"))
    assert {one.info.mode for one in graph} == {"hnsw"} and {one.info.device for one in there} == {gpu}
    for one, other in zip(graph, there, strict=True):
        both = np.intersect1d(one.rows, other.rows)
        assert len(both) >= 8  # the graph may miss some; what it finds lies where it belongs, to the last digit
        here, beside = np.isin(one.rows, both), np.isin(other.rows, both)
        assert one.rows[here].tolist() == other.rows[beside].tolist()
        assert one.distances[here].tolist() == other.distances[beside].tolist()


def test_without_room_for_what_rounding_hides_the_order_would_differ(
    gpu: str, world: World, queries: F32, expected: list[SearchResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_exact._Rounding, "of_product", lambda *_: 0.0)
    assert not same(searcher_on(gpu).nearest_many(world.snapshot, queries, 12), expected)


def test_the_bound_holds_for_every_product(gpu: str) -> None:
    rows, asked = (torch.from_numpy(crowded(600, seed=seed)).to(gpu) for seed in (1, 2))
    rounding = torch_exact._Rounding(DIM, torch.float16)
    rounding.note(rows, rows.half())
    found = (asked.half() @ rows.half().T).double()
    apart = (found - asked.double() @ rows.double().T).abs().max()
    assert 1e-5 < float(apart) <= rounding.of_product(asked, asked.half()) < 5e-3


def test_what_is_added_fills_the_blocks_and_moves_nothing(gpu: str, world: World) -> None:
    searcher = searcher_on(gpu)
    searcher.nearest(world.snapshot, world.vectors[0], 5)
    blocks = index_of(searcher)._blocks
    before = [block.data_ptr() for block in blocks]
    assert len(before) == 5  # 900 rows of 200
    searcher.follow(world.add(crowded(90, seed=3)))
    assert [block.data_ptr() for block in blocks] == before
    searcher.follow(world.add(crowded(30, seed=4)))
    assert [block.data_ptr() for block in blocks][:5] == before and len(blocks) == 6
    assert all(block.dtype == torch.float16 for block in blocks)


def test_a_strike_sends_no_vector(gpu: str, world: World, queries: F32) -> None:
    searcher = searcher_on(gpu)
    searcher.nearest_many(world.snapshot, queries, 12)
    world.set_active([1, 2, 10], False)
    with Ceiling(4 * len(world.vectors)):  # two bytes a row would be a column of them
        searcher.follow(world.snapshot)
    plain = Searcher(DIM).nearest_many(world.snapshot, queries, 12, mode="exact")
    assert same(searcher.nearest_many(world.snapshot, queries, 12), plain)


def added_to(snapshot: Snapshot, vectors: F32) -> Snapshot:
    """``snapshot`` as if it had these too."""
    queries = queries_of(vectors, ["another"] * len(vectors))
    return replace(queries, keys=queries.keys._replace(twin=twin_hashes(vectors))).added_to(snapshot)


@pytest.mark.parametrize("struck", [[], [4, 9, 903]])
def test_supposed_exemplars_are_found_and_not_uploaded(gpu: str, world: World, queries: F32, struck: list[int]) -> None:
    more = np.concatenate([world.vectors[:12], crowded(40, seed=9)])  # copies among them
    supposed = added_to(added_to(world.snapshot, more[:20]), more[20:])
    supposed = supposed.changed(active=supposed.active & ~supposed.among(np.array(struck, np.int64)))
    real = World(np.concatenate([world.vectors, more]), struck=[3, 5, 700, *(row + 1 for row in struck)]).snapshot

    def left_out(i: int) -> I64:
        return np.unique([i, 60 * i % 900, 900 + i])

    for different in (False, True):
        searcher = searcher_on(gpu)
        found, expected = (
            one.exact_many(snapshot, queries, 12, excluded_rows=left_out, different=different)
            for one, snapshot in ((searcher, supposed), (Searcher(DIM), real))
        )
        assert same(found, expected) and {one.info.device for one in found} == {gpu}
        assert any((one.rows >= 900).any() for one in found) and index_of(searcher)._rows == 900
        single = [searcher.nearest(supposed, query, 12, mode="exact", different=different) for query in queries]
        plain = Searcher(DIM).exact_many(real, queries, 12, excluded_rows=None, different=different)
        assert same(single, plain) and {one.info.device for one in single} == {gpu}
    assert isinstance(supposed.stored, JoinedVectors)
    assert supposed.stored._whole is None  # the vectors of the memory were copied for none of this


def test_a_memory_without_exemplars_can_suppose_some(gpu: str, queries: F32) -> None:
    empty = World(np.empty((0, DIM), np.float32)).snapshot
    supposed = added_to(empty, queries)
    assert [one.rows[0] for one in searcher_on(gpu).exact_many(supposed, queries[20:], 3, excluded_rows=None)] == list(
        range(20, len(queries))
    )


def test_many_queries_are_halved_until_they_fit(
    gpu: str, world: World, queries: F32, expected: list[SearchResult]
) -> None:
    searcher = searcher_on(gpu)
    searcher.nearest(world.snapshot, queries[0], 12)
    with Ceiling(130_000) as ceiling:
        found = searcher.nearest_many(world.snapshot, queries, 12)
    assert ceiling.raised and same(found, expected)
    assert searcher.device == gpu and index_of(searcher)._portion.most < len(queries)
    assert fallbacks.now == ()


def test_where_one_query_does_not_fit_the_cpu_goes_on_and_it_is_noted(
    gpu: str, world: World, queries: F32, expected: list[SearchResult]
) -> None:
    searcher = searcher_on(gpu)
    with Ceiling(10_000) as ceiling:
        found = searcher.nearest_many(world.snapshot, queries, 12)
    assert ceiling.raised and same(found, expected)
    assert searcher.device == "cpu" and {one.info.device for one in found} == {"cpu"}
    assert [str(one) for one in fallbacks.now] == [f"{gpu} ran out of memory: searching on the CPU"]


@pytest.mark.parametrize("operations", [0, 7, 30, 100])
def test_a_gpu_that_disappears_leaves_every_answer_right(
    gpu: str, world: World, queries: F32, expected: list[SearchResult], operations: int
) -> None:
    searcher = searcher_on(gpu)
    with Gone(operations) as gone:
        found = [one for query in queries for one in searcher.nearest_many(world.snapshot, query[None], 12)]
    assert gone.raised and same(found, expected)
    assert [str(one) for one in fallbacks.now] == [f"{gpu} stopped working: searching on the CPU"]
    assert searcher.nearest(world.snapshot, queries[0], 12).info.device == "cpu"


def test_what_has_no_room_goes_to_the_graph_on_the_cpu(
    gpu: str, world: World, queries: F32, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = searcher_on(gpu, exact_limit=100)
    monkeypatch.setattr(room, "free_bytes", lambda device: room.SPARE + 30_000)
    assert small.wants_build(world.snapshot)
    small.build(world.snapshot)
    assert small.state(world.snapshot).kind == "hnsw" and small.state(world.snapshot).device is None
    assert {one.info.mode for one in small.nearest_many(world.snapshot, queries, 12)} == {"hnsw"}
    assert [str(one) for one in fallbacks.now] == [f"{gpu} has no room for these vectors: searching on the CPU"]
    large = searcher_on(gpu, exact_limit=100)
    monkeypatch.setattr(room, "free_bytes", lambda device: room.SPARE + 50_000)
    assert not large.wants_build(world.snapshot) and large.state(world.snapshot).device == gpu


def test_a_memory_that_outgrows_the_gpu_leaves_it(gpu: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    searcher = searcher_on(gpu)
    searcher.nearest(world.snapshot, world.vectors[0], 5)
    blocks = list(index_of(searcher)._blocks)
    monkeypatch.setattr(room, "free_bytes", lambda device: room.SPARE + 100)
    searcher.follow(world.add(crowded(60, seed=5)))
    assert searcher.device == gpu  # they fit into the last block
    searcher.follow(world.add(crowded(120, seed=6)))
    assert searcher.device == "cpu" and not any(block.any() for block in blocks)


def test_dropping_waits_for_a_search_and_overwrites_every_row(gpu: str, world: World, queries: F32) -> None:
    searcher = searcher_on(gpu)
    searcher.nearest_many(world.snapshot, queries, 12)
    index = index_of(searcher)
    blocks, dropped = list(index._blocks), []
    assert all(block.any() for block in blocks)
    thread = threading.Thread(target=lambda: dropped.append(searcher.drop()))
    with index._use.shared:
        thread.start()
        thread.join(0.1)
        assert dropped == [] and all(block.any() for block in blocks)
    thread.join()
    assert dropped == [gpu] and not any(block.any() for block in blocks)


class TestAMemory:
    """A whole memory on the GPU beside the same one on the CPU."""

    def test_decides_as_on_the_cpu(self, on_gpu: VisualMemory, on_cpu: VisualMemory, gpu: str) -> None:
        queries = random_vectors(30, 16, seed=5)
        for rule in ("ridge", "rank"):
            for query in queries:
                one, other = (m.decide_vector(query, rule=rule) for m in (on_gpu, on_cpu))  # type: ignore[arg-type]
                assert one.search is not None and (one.search.device, one.search.mode) == (gpu, "exact")
                assert one.neighbours == other.neighbours and one.label == other.label

    def test_forgets_on_the_gpu_too_and_the_receipt_says_so(self, on_gpu: VisualMemory, gpu: str) -> None:
        query = on_gpu.catalog.vectors([7])[0]
        on_gpu.decide_vector(query)
        blocks, old = list(index_of(on_gpu.searcher)._blocks), (on_gpu.searcher, on_gpu.snapshot)
        receipt = on_gpu.forget([7]).receipt
        assert receipt is not None and receipt.status == "done" and receipt.device == gpu
        assert not any(block.any() for block in blocks)
        searcher, snapshot = old  # of an evaluation that goes on with the memory as it was
        assert searcher.nearest(snapshot, query, 3).info.device == "cpu" and searcher._exact.holder is None
        after = on_gpu.decide_vector(query)
        assert after.search is not None and after.search.device == gpu and 7 not in {n.id for n in after.neighbours}

    def test_a_receipt_of_a_memory_on_the_cpu_names_no_gpu(self, on_cpu: VisualMemory) -> None:
        on_cpu.decide_vector(on_cpu.catalog.vectors([7])[0])
        receipt = on_cpu.forget([7]).receipt
        assert receipt is not None and receipt.device is None
