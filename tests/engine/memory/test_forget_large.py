"""Forgetting where the graph decides: its vectors are overwritten in place, and it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hnswlib
import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.index import checkpoint, hnsw
from visualmemory_gui.engine.index.graph import Graph
from visualmemory_gui.engine.memory import saved_rows
from visualmemory_gui.engine.processes.byte_scan import PieceTable, find_pieces, pieces

DIM, COUNT = 24, 800
VECTORS, LABELS = clustered(COUNT, dim=DIM, classes=10, seed=0)
OUTSIDE = clustered(60, dim=DIM, classes=10, seed=9)[0]


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VisualMemory]:
    """A memory that a graph decides, with struck exemplars and a file of rows."""
    monkeypatch.setattr(saved_rows, "LEAST_COMPONENTS", 1)
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        memory.set("exact_limit", "0")
        memory.add_vectors(VECTORS, LABELS)
        memory.strike([11, 12, 13])
        memory.maintenance.run()
        yield memory


def bytes_left(memory: VisualMemory, gone: list[int]) -> int:
    """How many of the forgotten vectors have a piece in a file of the memory."""
    left = 0
    data = b"".join(file.read_bytes() for file in sorted(memory.path.iterdir()) if file.is_file())
    for i in gone:
        left += next(find_pieces(data, PieceTable(pieces(VECTORS[i - 1].tobytes()))), None) is not None
    return left


def graph_of(memory: VisualMemory) -> Graph:
    view = memory._live.searcher._hnsw.view
    assert view is not None
    return view.graph


def recall(memory: VisualMemory) -> float:
    found = 0
    for query in OUTSIDE:
        by_graph, exact = (memory.decide_vector(query, k=10, search=how).neighbours for how in ("hnsw", "exact"))
        found += len({n.id for n in by_graph} & {n.id for n in exact})
    return found / (10 * len(OUTSIDE))


def test_the_graph_goes_on_without_what_was_forgotten(memory: VisualMemory) -> None:
    graph = graph_of(memory)
    gone = [2, 12, 40, 500]
    receipt = memory.forget(gone).receipt
    assert receipt is not None and (receipt.status, receipt.hits) == ("done", 0)
    assert graph_of(memory) is graph and graph.pads == 4
    assert memory.decide_vector(OUTSIDE[0]).search.mode == "hnsw"
    assert memory.decide_vector(VECTORS[1]).neighbours[0].id != 2
    assert recall(memory) >= 0.99
    memory.close()
    assert list(memory.path.glob("index-*.hnsw")) and bytes_left(memory, gone) == 0


def test_control_marking_alone_leaves_the_bytes(tmp_path: Path) -> None:
    graph = hnswlib.Index("ip", DIM)
    graph.init_index(COUNT)
    graph.add_items(VECTORS, np.arange(COUNT))
    graph.mark_deleted(4)
    graph.save_index(str(tmp_path / "graph"))
    assert VECTORS[4].tobytes() in (tmp_path / "graph").read_bytes()


def test_it_is_what_a_memory_opened_anew_holds(memory: VisualMemory) -> None:
    memory.forget([1, 12, 400, COUNT])
    memory.relabel([5], "renamed")
    ours, labels = memory.snapshot, memory.class_counts()
    memory.close()
    with VisualMemory.open(memory.path) as again:
        theirs = again.snapshot
        for name in ("ids", "active", "trust", "content", "group", "twin", "image", "vectors"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
        assert again.class_counts() == labels
        assert again.decide_vector(OUTSIDE[0]).search.mode == "hnsw"
        assert graph_of(again).pads == 4  # the checkpoint was read
        assert recall(again) >= 0.99
        assert again.maintenance.verify() == []


def test_again_and_again_with_strikes_and_additions_in_between(memory: VisualMemory) -> None:
    rng, left = np.random.default_rng(0), list(range(1, COUNT + 1))
    gone: list[int] = []
    for turn in range(6):
        doomed = sorted(rng.choice(left, 4, replace=False).tolist())
        left = [i for i in left if i not in doomed]
        gone += doomed
        memory.forget(doomed)
        memory.strike([left[7 * turn + 20]])
        memory.add_vectors(OUTSIDE[turn : turn + 1], ["new"])
        if turn % 2:
            memory.undo()
    assert graph_of(memory).pads == len(gone) == 24
    assert recall(memory) >= 0.99
    memory.close()
    assert bytes_left(memory, gone) == 0


def test_one_of_equal_vectors_leaves_the_node_to_the_others(memory: VisualMemory) -> None:
    twin, struck_twin = memory.add_vectors(VECTORS[[1, 2]], ["twin", "twin"])
    memory.strike([struck_twin])
    receipt = memory.forget([2, 3]).receipt
    assert receipt is not None and receipt.status == "done" and receipt.shared > 0
    assert graph_of(memory).pads == 0
    assert memory.decide_vector(VECTORS[1], search="hnsw").neighbours[0].id == twin
    assert struck_twin not in {n.id for n in memory.decide_vector(VECTORS[2], search="hnsw").neighbours}
    memory.restore([struck_twin])
    assert memory.decide_vector(VECTORS[2], search="hnsw").neighbours[0].id == struck_twin


def test_too_many_have_it_built_again(memory: VisualMemory) -> None:
    graph = graph_of(memory)
    gone = list(range(1, COUNT // 10))
    memory.forget(gone)
    assert graph_of(memory) is not graph and graph_of(memory).pads == 0
    memory.close()
    assert bytes_left(memory, gone) == 0


def test_a_graph_that_hnswlib_could_not_overwrite_is_dropped(
    memory: VisualMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError

    graph = graph_of(memory)
    monkeypatch.setattr(hnsw.Graph, "erase", refuse)
    memory.forget([4])
    assert graph_of(memory) is not graph
    memory.close()
    assert bytes_left(memory, [4]) == 0


def test_what_is_usual_is_forgotten_too(memory: VisualMemory) -> None:
    memory.maintenance.defer()
    assert memory.maintenance.own_measures.figures is not None
    memory.forget([4])
    assert memory.maintenance.own_measures.figures is None and graph_of(memory).pads == 1
    assert checkpoint.saved_change(memory.path) is None
    memory.maintenance.run()
    assert checkpoint.saved_change(memory.path) is not None
    assert memory.maintenance.own_measures.figures is not None


def test_a_decision_begun_before_goes_on_with_what_it_had(memory: VisualMemory) -> None:
    before, live = memory.snapshot, memory._live
    held = before.vectors.copy()
    memory.forget([4])
    np.testing.assert_array_equal(before.vectors, held)
    assert live.searcher.nearest(before, VECTORS[3], 3).rows[0] == 3
