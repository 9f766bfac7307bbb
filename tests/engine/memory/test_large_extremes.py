"""A large memory at its limits: killed while vectors are erased, little main memory, a full disk, odd vectors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.device import main_memory
from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.index import graph
from visualmemory_gui.engine.memory import saved_rows
from visualmemory_gui.engine.processes.byte_scan import PieceTable, find_pieces, pieces

DIM, COUNT = 24, 600
VECTORS, LABELS = clustered(COUNT, dim=DIM, classes=10, seed=0)
OUTSIDE = clustered(10, dim=DIM, classes=10, seed=9)[0]


@pytest.fixture(autouse=True)
def from_few_vectors_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_rows, "LEAST_COMPONENTS", 1)


def made(path: Path, vectors: np.ndarray, labels: list[str]) -> Path:
    """A memory that a graph decides, with its file of rows."""
    with VisualMemory.create(path, dim=vectors.shape[1]) as memory:
        memory.set("exact_limit", "0")
        memory.add_vectors(vectors, labels)
        memory.maintenance.run()
    assert list(path.glob("rows-*.f32")) and list(path.glob("index-*.hnsw"))
    return path


def left_of(path: Path, vectors: np.ndarray) -> int:
    data = b"".join(file.read_bytes() for file in sorted(path.iterdir()) if file.is_file())
    return sum(next(find_pieces(data, PieceTable(pieces(one.tobytes()))), None) is not None for one in vectors)


KILLED = """
import os, signal, sys
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.index.graph import Graph
from visualmemory_gui.engine.memory import saved_rows
from visualmemory_gui.engine.store import rows_file
saved_rows.LEAST_COMPONENTS = 1
def killed(*given, **named):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "graph":
    Graph.erase = killed
elif sys.argv[2] == "file":
    rows_file.OpenRows.erase_others = killed
else:
    rows_file.delete = killed
with VisualMemory.open(sys.argv[1]) as memory:
    memory.forget([4, 5])
"""


@pytest.mark.parametrize("place", ["file", "name", "graph"])
def test_one_killed_while_vectors_are_erased_is_finished_at_the_next_opening(tmp_path: Path, place: str) -> None:
    path = made(tmp_path / "m.vmem", VECTORS, LABELS)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), place], check=False)
    assert done.returncode == -signal.SIGKILL
    if place == "file":  # the control: what the opening has to finish
        assert left_of(path, VECTORS[3:5]) > 0
    with VisualMemory.open(path) as memory:
        assert memory.maintenance.finished_forget is not None
        assert left_of(path, VECTORS[3:5]) == 0
        assert {4, 5}.isdisjoint(n.id for n in memory.decide_vector(VECTORS[3]).neighbours)
        memory.maintenance.run()
        assert memory.decide_vector(VECTORS[3], search="hnsw").search.mode == "hnsw"
    assert left_of(path, VECTORS[3:5]) == 0


def test_nearly_all_exemplars_are_forgotten_at_once(tmp_path: Path) -> None:
    path = made(tmp_path / "m.vmem", VECTORS, LABELS)
    with VisualMemory.open(path) as memory:
        receipt = memory.forget(list(range(1, COUNT - 50))).receipt
        assert receipt is not None and (receipt.status, receipt.hits) == ("done", 0)
        assert len(memory.decide_vector(OUTSIDE[0], k=10).neighbours) > 0
        assert memory.catalog.totals()[0] == 51
    assert left_of(path, VECTORS[: COUNT - 51]) == 0


def test_a_memory_of_two_dimensions(tmp_path: Path) -> None:
    turns = np.linspace(0, 6, 500)
    vectors = np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)
    path = made(tmp_path / "m.vmem", vectors, [f"class {i // 50}" for i in range(500)])
    with VisualMemory.open(path) as memory:
        for how in ("exact", "hnsw"):
            assert memory.decide_vector(vectors[70], search=how).label == "class 1"
        memory.forget([71])
        assert memory.decide_vector(vectors[70]).neighbours[0].id in (70, 72)


def test_a_memory_of_equal_vectors(tmp_path: Path) -> None:
    path = made(tmp_path / "m.vmem", np.repeat(VECTORS[:1], 300, axis=0), ["one", "other", "other"] * 100)
    with VisualMemory.open(path) as memory:
        by = [memory.decide_vector(VECTORS[0], search=how) for how in ("exact", "hnsw", "auto")]
        assert [one.label for one in by] == ["other"] * 3 and len({one.neighbours for one in by}) == 1
        receipt = memory.forget([1, 2]).receipt
        assert receipt is not None and receipt.status == "done" and receipt.shared > 0
        assert memory.decide_vector(VECTORS[0]).neighbours[0].id == 3


@pytest.mark.parametrize("kind", ["index-", "rows-"])
def test_a_disk_that_fills_while_files_are_saved_leaves_decisions_and_a_forget_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = made(tmp_path / "m.vmem", VECTORS, LABELS)
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).name.startswith(kind):
            raise OSError(28, "No space left on device")
        return replace(self, target)

    with VisualMemory.open(path) as memory:
        memory.maintenance.defer()
        memory.maintenance.run()
        monkeypatch.setattr(Path, "replace", full)
        memory.forget([4])
        try:
            memory.maintenance.run()
        except StorageError:
            assert kind == "index-"
        assert not list(path.glob(f"{kind}*")) and not list(path.glob(".vmem-*.part"))
        assert memory.decide_vector(VECTORS[3]).search.mode == "hnsw"
        assert left_of(path, VECTORS[3:4]) == 0
        monkeypatch.undo()
        monkeypatch.setattr(saved_rows, "LEAST_COMPONENTS", 1)
        memory.maintenance.run()
        assert list(path.glob(f"{kind}*")) and left_of(path, VECTORS[3:4]) == 0


LITTLE = """
import sys
import numpy as np
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.memory import saved_rows
saved_rows.LEAST_COMPONENTS = 1
in_main_memory = sys.argv[2] == "all"
def kilobytes():
    return int(open("/proc/self/statm").read().split()[1]) * 4  # now: the most until now is that of the parent before
with VisualMemory.open(sys.argv[1], readonly=True) as memory:
    query = np.random.default_rng(0).normal(size=memory.identity.dim).astype(np.float32)
    memory._live.searcher
    before = kilobytes()
    if in_main_memory:
        memory.snapshot.vectors
    for _ in range(3):
        memory.decide_vector(query)
    print(kilobytes() - before)
"""


def test_deciding_takes_little_main_memory(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(20_000, 512)).astype(np.float32)
    path = tmp_path / "m.vmem"
    with VisualMemory.create(path, dim=512) as memory:
        memory.maintenance.defer()
        memory.add_vectors(vectors, "one")
        memory._live._rows.keep_up(lambda: memory.snapshot)
        memory.set("exact_limit", "1000")

    def grown(which: str) -> int:
        """Kilobytes."""
        done = subprocess.run(
            [sys.executable, "-c", LITTLE, str(path), which], check=True, stdout=subprocess.PIPE, text=True
        )
        return int(done.stdout)

    assert grown("none") < vectors.nbytes / 1024 / 2
    assert grown("all") > vectors.nbytes / 1024 * 0.9  # the control


def test_a_graph_that_cannot_be_read_is_built_again(tmp_path: Path) -> None:
    path = made(tmp_path / "m.vmem", VECTORS, LABELS)
    [file] = path.glob("index-*.hnsw")
    os.truncate(file, 100)
    with VisualMemory.open(path) as memory:
        memory.maintenance.defer()
        wanted = memory.decide_vector(OUTSIDE[0]).label
        memory.maintenance.run()
        assert memory.decide_vector(OUTSIDE[0]).search.mode == "hnsw"
        assert memory.decide_vector(OUTSIDE[0]).label == wanted


@pytest.mark.parametrize("left", [None, 1000])
def test_a_graph_without_room_stays_on_the_disk_and_exact_search_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int | None
) -> None:
    """``left``: bytes of main memory, or None where hnswlib is refused what it asks for."""
    path = made(tmp_path / "m.vmem", VECTORS, LABELS)
    [file] = path.glob("index-*.hnsw")

    class Refused:
        def load_index(self, *given: object, **named: object) -> None:
            raise RuntimeError("Not enough memory: loadIndex failed to allocate level0")

        init_index = load_index

    with monkeypatch.context() as patch:
        patch.setattr(main_memory, "available", lambda: left)
        if left is None:
            patch.setattr(graph, "_raw", lambda dim: Refused())
        with VisualMemory.open(path) as memory:
            memory.maintenance.defer()
            memory.maintenance.run()
            for query in OUTSIDE:
                assert memory.decide_vector(query).search.mode == "exact"
            memory.strike([1])
            memory.add_vectors(OUTSIDE[:1], ["new"])
            assert memory.decide_vector(OUTSIDE[0]).neighbours[0].id == COUNT + 1
            assert memory.snapshot.on_disk and memory.maintenance.index_state().kind == "exact"
            memory.maintenance.run()
    assert file.exists()
    with VisualMemory.open(path) as memory:
        assert memory.decide_vector(OUTSIDE[0], search="hnsw").search.mode == "hnsw"
        assert memory.maintenance.index_damage is None


LIMITED = """
import resource, sys
from pathlib import Path
from visualmemory_gui.engine.index.graph import Graph, NoRoom, roomy
path, count, dim, more = Path(sys.argv[1]), *map(int, sys.argv[2:])
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + more, taken + more))
try:
    print(len(Graph.load(path, dim, capacity=roomy(count))))
except NoRoom:
    print("no room")
"""


def test_a_graph_asks_for_little_more_main_memory_than_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "CONSTRUCTION", 10)
    count, dim, path = 4000, 2048, tmp_path / "graph"
    vectors = np.random.default_rng(0).normal(size=(count, dim)).astype(np.float32)
    made = graph.Graph.empty(dim, count)
    made.add(vectors, np.arange(1, count + 1), threads=1)
    made.save(path)

    def loaded(of_its_size: float) -> str:
        more = int(of_its_size * path.stat().st_size)
        command = [sys.executable, "-c", LIMITED, *map(str, (path, count, dim, more))]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    assert (loaded(1.8), loaded(0.9)) == (str(count), "no room")
