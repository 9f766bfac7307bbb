"""What decides, what a checkpoint is due for, and what the status bar is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from tests.index_world import World, assert_nearest, random_vectors
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.index.search import Searcher
from visualmemory_gui.engine.types import SearchMode

DIM = 16


@pytest.fixture
def world() -> World:
    return World(clustered(1200, dim=DIM, classes=20, seed=0)[0])


@pytest.mark.parametrize("mode", ["auto", "exact", "hnsw"])
@pytest.mark.parametrize("n", [0, 1, 9, 10, 11])
def test_few_or_no_exemplars_are_an_answer(mode: SearchMode, n: int) -> None:
    small = World(random_vectors(n, DIM, seed=0))
    query = random_vectors(1, DIM, seed=1)[0]
    searcher = Searcher(DIM)
    assert_nearest(searcher.nearest(small.snapshot, query, 10, mode=mode), small.snapshot, query, 10)
    small.set_active(range(1, n + 1), False)
    assert len(searcher.nearest(small.snapshot, query, 10, mode=mode).rows) == 0
    assert len(searcher.nearest_many(small.snapshot, query[None], 10, mode=mode)[0].rows) == 0


def test_exact_search_decides_up_to_the_limit_and_the_graph_above(world: World) -> None:
    query = world.vectors[0]
    for limit, mode in ((1200 * DIM, "exact"), (1200 * DIM - 1, "hnsw")):
        searcher = Searcher(DIM, exact_limit=limit)
        assert searcher.wants_build(world.snapshot) == (mode == "hnsw")
        searcher.build(world.snapshot)
        assert searcher.nearest(world.snapshot, query, 5).info.mode == mode
        assert searcher.state(world.snapshot).kind == mode


def test_above_the_limit_without_a_graph_exact_search_decides(world: World) -> None:
    searcher = Searcher(DIM, exact_limit=0)
    for mode in ("auto", "hnsw"):
        assert searcher.nearest(world.snapshot, world.vectors[0], 5, mode=mode).info.mode == "exact"
    assert searcher.state(world.snapshot).kind == "exact"


def test_asked_for_by_name_a_small_graph_is_built_at_once(world: World) -> None:
    searcher = Searcher(DIM)
    assert searcher.nearest(world.snapshot, world.vectors[0], 5, mode="hnsw").info.mode == "hnsw"


def test_many_queries_get_the_answers_that_each_gets_alone(world: World) -> None:
    queries = random_vectors(150, DIM, seed=4)
    for limit in (0, 10**9):
        searcher = Searcher(DIM, exact_limit=limit)
        searcher.build(world.snapshot)
        together = searcher.nearest_many(world.snapshot, queries, 7)
        alone = [searcher.nearest(world.snapshot, q, 7) for q in queries]
        assert [f.rows.tolist() for f in together] == [f.rows.tolist() for f in alone]
        assert [f.distances.tolist() for f in together] == [f.distances.tolist() for f in alone]


def test_many_queries_can_be_stopped(world: World) -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        if done >= 100:
            raise Cancelled

    with pytest.raises(Cancelled):
        Searcher(DIM).nearest_many(world.snapshot, random_vectors(300, DIM, seed=0), 5, report=stop)


def test_the_shadow_tells_how_many_the_graph_also_finds(world: World) -> None:
    searcher = Searcher(DIM)
    found = searcher.nearest(world.snapshot, world.vectors[0], 10)
    assert searcher.shadow(world.snapshot, world.vectors[0], found) is None
    searcher.build(world.snapshot)
    assert searcher.shadow(world.snapshot, world.vectors[0], found).sum() == 10
    far = searcher.nearest(world.snapshot, -world.vectors[0], 10)
    assert searcher.shadow(world.snapshot, world.vectors[0], far).sum() == 0
    without = searcher.nearest(world.snapshot, world.vectors[0], 10, excluded=[1, 2, 3])
    assert searcher.shadow(world.snapshot, world.vectors[0], without, excluded=[1, 2, 3]).sum() == 10


def test_a_checkpoint_is_due_when_enough_rows_changed(world: World, tmp_path: Path) -> None:
    searcher = Searcher(DIM, exact_limit=0)
    assert not searcher.due(world.snapshot)
    searcher.build(world.snapshot)
    assert searcher.due(world.snapshot)
    assert (searcher.state(world.snapshot).current, searcher.state(world.snapshot).behind) == (False, None)
    searcher.save(tmp_path, world.snapshot)
    assert not searcher.due(world.snapshot)
    for struck in (range(1, 900), range(900, 1001)):
        world.set_active(struck, False)
        searcher.follow(world.snapshot)
    assert searcher.due(world.snapshot)
    state = searcher.state(world.snapshot)
    assert (state.kind, state.current, state.behind) == ("hnsw", False, 2)
    searcher.save(tmp_path, world.snapshot)
    assert searcher.state(world.snapshot).behind == 0


def test_the_widths_are_measured_again_when_the_graph_doubled(world: World, tmp_path: Path) -> None:
    searcher = Searcher(DIM, exact_limit=0)
    searcher.build(world.snapshot)
    world.add(clustered(1500, dim=DIM, classes=20, seed=1)[0])
    searcher.save(tmp_path, world.snapshot)
    view = searcher._hnsw.view
    assert view is not None
    assert view.widths.nodes == 2700


def test_the_order_of_answers_is_the_same_from_graph_and_exact(world: World) -> None:
    world.add(np.repeat(world.vectors[:100], 5, axis=0))
    searcher = Searcher(DIM, exact_limit=0)
    searcher.build(world.snapshot)
    for query in world.vectors[:100]:
        graph, exact = (searcher.nearest(world.snapshot, query, 10, mode=mode) for mode in ("auto", "exact"))
        assert graph.info.mode == "hnsw"
        assert graph.rows.tolist() == exact.rows.tolist()
        assert graph.distances.tolist() == exact.distances.tolist()


def test_searching_on_the_processor_loads_no_torch() -> None:
    code = "import sys, visualmemory_gui.engine.index.search; sys.exit('torch' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
