"""A large memory decides before its vectors and its graph are in main memory, and decides the same afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.files import unnamed_files
from visualmemory_gui.engine.index import checkpoint, search
from visualmemory_gui.engine.index.ef_tuning import Widths
from visualmemory_gui.engine.memory import saved_rows
from visualmemory_gui.engine.processes.byte_scan import PieceTable, find_pieces, pieces
from visualmemory_gui.engine.store import rows_file
from visualmemory_gui.engine.types import Decision

DIM, COUNT = 24, 800
VECTORS, LABELS = clustered(COUNT, dim=DIM, classes=10, seed=0)
OUTSIDE = clustered(30, dim=DIM, classes=10, seed=9)[0]


@pytest.fixture(autouse=True)
def from_few_vectors_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_rows, "LEAST_COMPONENTS", 1)
    monkeypatch.setattr(rows_file, "BLOCK", 4096)
    monkeypatch.setattr(rows_file, "PART", 1024)
    monkeypatch.setattr(Widths, "of", lambda *_: 600)  # so wide that the graph finds what exact search finds


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A memory that a graph decides, with copies of a vector, struck exemplars, a file of rows and a checkpoint."""
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        memory.set("exact_limit", "0")
        memory.add_vectors(VECTORS, LABELS)
        memory.add_vectors(VECTORS[[5, 5, 6]], ["copy", "copy", "copy"])
        memory.strike([11, 12, 13])
        memory.maintenance.run()
    return tmp_path / "m.vmem"


def the_file(path: Path) -> Path:
    [file] = path.glob("rows-*.f32")
    return file


def told(decision: Decision) -> tuple[object, ...]:
    """All of a decision but how its neighbours were found, and how long it took."""
    return decision.label, decision.shares, decision.confidence, decision.known, decision.neighbours


@contextmanager
def graph_being_read(memory: VisualMemory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The graph is being read in the background until the given function is called, which waits for it."""
    begun, go_on, load = threading.Event(), threading.Event(), checkpoint.load

    def slowly(*given: object, **named: object) -> object:
        begun.set()
        assert go_on.wait(30)
        return load(*given, **named)  # type: ignore[arg-type]

    def may_go_on() -> None:
        go_on.set()
        reading.join()

    monkeypatch.setattr(checkpoint, "load", slowly)
    memory.maintenance.defer()
    reading = threading.Thread(target=memory.maintenance.run)
    reading.start()
    assert begun.wait(30)
    try:
        yield may_go_on
    finally:
        may_go_on()


def in_main_memory(memory: VisualMemory) -> bool:
    return not memory.snapshot.on_disk


@pytest.mark.parametrize("rule", ["ridge", "rank"])
def test_decisions_before_and_after_all_is_loaded_are_equal(path: Path, rule: str) -> None:
    with VisualMemory.open(path, readonly=True) as memory:
        queries = [*OUTSIDE[:6], VECTORS[5], VECTORS[10]]
        first = [memory.decide_vector(query, rule=rule, search="exact") for query in queries]
        assert memory._live.searcher.graph_live is False and not in_main_memory(memory)
        by_graph = [memory.decide_vector(query, rule=rule) for query in queries]
        assert {one.search.mode for one in by_graph} == {"exact", "hnsw"} and not in_main_memory(memory)
        _ = memory.snapshot.vectors
        last = [memory.decide_vector(query, rule=rule, search="exact") for query in queries]
        assert in_main_memory(memory)
    assert [told(one) for one in first] == [told(one) for one in by_graph] == [told(one) for one in last]


def test_the_graph_is_read_after_a_few_queries(path: Path) -> None:
    with VisualMemory.open(path, readonly=True) as memory:
        assert memory.maintenance.index_state().kind == "hnsw"
        modes = [memory.decide_vector(query).search.mode for query in OUTSIDE[: search.FIRST_QUERIES + 1]]
        assert modes == ["exact"] * search.FIRST_QUERIES + ["hnsw"]
    with VisualMemory.open(path, readonly=True) as memory:
        assert memory.decide_vector(OUTSIDE[0], search="hnsw").search.mode == "hnsw"
    with VisualMemory.open(path, readonly=True) as memory:
        memory.maintenance.defer()
        assert {memory.decide_vector(query).search.mode for query in OUTSIDE[:8]} == {"exact"}
        memory.maintenance.run()
        assert memory.decide_vector(OUTSIDE[0]).search.mode == "hnsw"


def test_a_damaged_graph_is_told_when_it_is_read(path: Path) -> None:
    [file] = path.glob("index-*.hnsw")
    os.truncate(file, 1000)
    with VisualMemory.open(path, readonly=True) as memory:
        wanted = [told(memory.decide_vector(query, search="exact")) for query in OUTSIDE[:6]]
        assert memory.maintenance.index_damage is None
        assert [told(memory.decide_vector(query)) for query in OUTSIDE[:6]] == wanted
        assert "size" in str(memory.maintenance.index_damage)


def test_closing_writes_no_graph_that_is_on_disk_as_it_is(path: Path) -> None:
    [file] = path.glob("index-*.hnsw")
    before = file.stat().st_ino
    with VisualMemory.open(path) as memory:
        memory.decide_vector(OUTSIDE[0], search="hnsw")
    assert file.stat().st_ino == before
    with VisualMemory.open(path) as memory:
        memory.decide_vector(OUTSIDE[0], search="hnsw")
        memory.strike([4])
    assert [one.name for one in path.glob("index-*.hnsw")] != [file.name]  # the control


def test_edits_before_anything_is_loaded_count(path: Path) -> None:
    new = OUTSIDE[0] + 0.001 * OUTSIDE[1]
    with VisualMemory.open(path) as memory:
        memory.maintenance.defer()
        [added] = memory.add_vectors(new[None], ["new"])
        memory.strike([memory.decide_vector(OUTSIDE[1]).neighbours[0].id])
        first = [memory.decide_vector(query) for query in OUTSIDE[:4]]
        assert first[0].neighbours[0].id == added and not in_main_memory(memory)
        [later] = memory.add_vectors(new[None] * 1.0001, ["later"])
        assert {n.id for n in memory.decide_vector(OUTSIDE[0]).neighbours[:2]} == {added, later}
        memory.undo()
        memory.maintenance.run()
        again = [memory.decide_vector(query) for query in OUTSIDE[:4]]
        assert not in_main_memory(memory)
    assert [told(one)[-1] for one in first] == [told(one)[-1] for one in again]
    with VisualMemory.open(path, readonly=True) as memory:
        _ = memory.snapshot.vectors
        wanted = [memory.decide_vector(query, search="exact") for query in OUTSIDE[:4]]
    assert [told(one)[-1] for one in first] == [told(one)[-1] for one in wanted]


def test_edits_while_the_graph_is_read_count(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VisualMemory.open(path) as memory, graph_being_read(memory, monkeypatch) as may_go_on:
        nearest = memory.decide_vector(OUTSIDE[0]).neighbours[0].id
        memory.strike([nearest])
        [added] = memory.add_vectors(OUTSIDE[1:2], ["new"])
        assert memory.decide_vector(OUTSIDE[1]).neighbours[0].id == added
        may_go_on()
        for query in OUTSIDE[:2]:
            found = memory.decide_vector(query)
            assert found.search.mode == "hnsw"
            assert told(found)[-1] == told(memory.decide_vector(query, search="exact"))[-1]
        assert nearest not in {n.id for n in memory.decide_vector(OUTSIDE[0]).neighbours}


def test_what_is_forgotten_while_the_graph_is_read_stays_forgotten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VisualMemory.open(path) as memory, graph_being_read(memory, monkeypatch) as may_go_on:
        forgetting = threading.Thread(target=lambda: memory.forget([4]))
        forgetting.start()
        may_go_on()
        forgetting.join()
        memory.maintenance.run()
        assert 4 not in {n.id for n in memory.decide_vector(VECTORS[3]).neighbours}
    assert bytes_left(path, [4]) == 0


def bytes_left(path: Path, gone: list[int]) -> int:
    data = b"".join(file.read_bytes() for file in sorted(path.iterdir()) if file.is_file())
    return sum(next(find_pieces(data, PieceTable(pieces(VECTORS[i - 1].tobytes()))), None) is not None for i in gone)


def test_forgetting_reads_no_vectors_and_goes_on_from_the_disk(path: Path) -> None:
    with VisualMemory.open(path) as memory:
        memory.maintenance.defer()
        gone = [2, 12, COUNT]
        assert memory.forget([*gone, 6]).receipt is not None  # 6 has copies
        assert not list(path.glob("rows*")) and not list(path.glob("index*")) and bytes_left(path, gone) == 0
        assert memory.decide_vector(OUTSIDE[0]).search.mode == "hnsw" and not in_main_memory(memory)
        for query in (*OUTSIDE[:4], VECTORS[1], VECTORS[5]):
            by_graph, exact = (memory.decide_vector(query, search=how) for how in ("hnsw", "exact"))
            assert told(by_graph) == told(exact) and not {n.id for n in exact.neighbours} & {*gone, 6}
        memory.forget([3, 14])  # again, from the file that has no name any more
        assert memory.decide_vector(VECTORS[2]).neighbours[0].id != 3 and not in_main_memory(memory)
        memory.maintenance.run()
        assert not in_main_memory(memory) and the_file(path).exists()
        assert memory.snapshot.ids.tolist() == memory._live.catalog.snapshot_rows().ids.tolist()
        np.testing.assert_array_equal(memory.snapshot.vectors, memory.catalog.vectors(memory.snapshot.ids))
    assert bytes_left(path, [*gone, 3, 14]) == 0


def test_what_another_process_still_reads_has_no_byte_of_the_forgotten(path: Path) -> None:
    """The file has no name any more, but whoever opened it before can read it."""
    with the_file(path).open("rb") as held:
        assert VECTORS[3].tobytes() in held.read()
        with VisualMemory.open(path) as memory:
            memory.forget([4])
            held.seek(0)
            left = held.read()
            assert VECTORS[3].tobytes() not in left and VECTORS[4].tobytes() in left
            memory.maintenance.run()
        held.seek(0)
        assert VECTORS[3].tobytes() not in held.read()


READING = """
import sys
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.store import rows_file
rows_file.BLOCK = int(sys.argv[2])
with VisualMemory.open(sys.argv[1], readonly=True) as memory:
    for line in sys.stdin:
        found = memory.decide_vector(memory.catalog.vectors([int(line)])[0])
        print(memory.snapshot.on_disk, found.neighbours[0].id, flush=True)
"""


@pytest.mark.parametrize("emptied", [True, False])
def test_no_process_keeps_a_byte_in_an_older_file(path: Path, monkeypatch: pytest.MonkeyPatch, emptied: bool) -> None:
    """A reader has a file open that lost its name when a newer one was written. The control leaves it alone."""
    if not emptied:
        monkeypatch.setattr(unnamed_files, "handles", lambda *_: iter(()))
    reader = subprocess.Popen(
        [sys.executable, "-c", READING, str(path), str(rows_file.BLOCK)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def ask(exemplar: int) -> str:
        assert reader.stdin is not None and reader.stdout is not None
        print(exemplar, file=reader.stdin, flush=True)
        return reader.stdout.readline().strip()

    assert ask(7) == "True 7"
    with the_file(path).open("rb") as held, VisualMemory.open(path) as memory:
        memory.maintenance.defer()
        memory.add_vectors(clustered(1200, dim=DIM, classes=10, seed=3)[0], "many")
        memory.maintenance.run()
        assert not os.fstat(held.fileno()).st_nlink and VECTORS[3].tobytes() in held.read()
        receipt = memory.forget([4]).receipt
        assert receipt is not None and receipt.status == "done"
        held.seek(0)
        assert (VECTORS[3].tobytes() in held.read()) != emptied
        assert not in_main_memory(memory)  # what it reads from itself stays
        assert ask(7) == f"{not emptied} 7"
        memory.forget([5])  # again, where its own file has no name either
        assert not in_main_memory(memory) and memory.decide_vector(VECTORS[6]).neighbours[0].id == 7
    reader.communicate()


def test_a_reader_goes_on_after_another_process_forgot(path: Path) -> None:
    with VisualMemory.open(path, readonly=True) as reader:
        assert reader.decide_vector(VECTORS[3]).neighbours[0].id == 4
        with VisualMemory.open(path) as memory:
            memory.forget([4, 40])
        found = reader.decide_vector(VECTORS[3])
        assert {4, 40}.isdisjoint(n.id for n in found.neighbours) and len(reader.snapshot) == COUNT + 1


def cut(path: Path) -> None:
    os.truncate(the_file(path), 4000)


def altered(path: Path) -> None:
    """Every byte of the vectors, under the same name and length."""
    with the_file(path).open("r+b") as file:
        data = file.read()
        start = len(data) - VECTORS.nbytes
        file.seek(start)
        file.write(bytes(byte ^ 1 for byte in data[start:]))


@pytest.mark.parametrize("damage", [cut, altered])
@pytest.mark.parametrize("how", ["exact", "hnsw"])
def test_a_file_that_is_damaged_after_it_was_opened_is_given_up(
    path: Path, damage: Callable[[Path], None], how: str
) -> None:
    with VisualMemory.open(path, readonly=True) as memory:
        wanted = [told(memory.decide_vector(query, search=how)) for query in OUTSIDE[:5]]
    with VisualMemory.open(path, readonly=True) as memory:
        first = told(memory.decide_vector(OUTSIDE[0], search=how))
        damage(path)
        found = [told(memory.decide_vector(query, search=how)) for query in OUTSIDE[1:5]]
        assert [first, *found] == wanted
        np.testing.assert_array_equal(memory.snapshot.vectors, memory.catalog.vectors(memory.snapshot.ids))


def test_a_file_that_is_cut_between_two_blocks_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VisualMemory.open(path, readonly=True) as memory:
        wanted = told(memory.decide_vector(OUTSIDE[0], search="exact"))
    read, many = os.preadv, iter(range(10_000))

    def cut_in_the_middle(handle: int, parts: list[memoryview], at: int) -> int:
        if next(many) == 30:
            os.truncate(file, 40)
        return read(handle, parts, at)

    file = the_file(path)
    with VisualMemory.open(path, readonly=True) as memory:
        assert memory.snapshot.on_disk
        monkeypatch.setattr(os, "preadv", cut_in_the_middle)
        assert told(memory.decide_vector(OUTSIDE[0], search="exact")) == wanted
    assert next(many) > 30


def test_vectors_are_left_to_the_disk_once_they_are_written(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        memory.set("exact_limit", "0")
        memory.add_vectors(VECTORS[:700], LABELS[:700])
        assert not in_main_memory(memory)  # the graph was built, and the file written
        memory.add_vectors(VECTORS[700:], LABELS[700:])
        memory.strike([4])
        for query in OUTSIDE[:5]:
            by_graph, exact = (told(memory.decide_vector(query, search=how)) for how in ("hnsw", "exact"))
            assert by_graph == exact
        np.testing.assert_array_equal(memory.snapshot.vectors, memory.catalog.vectors(memory.snapshot.ids))


def test_a_memory_that_exact_search_decides_has_its_vectors_in_main_memory(path: Path) -> None:
    with VisualMemory.open(path) as memory:
        memory.set("exact_limit", "1000000")
        memory.decide_vector(OUTSIDE[0])
        assert in_main_memory(memory)


DECIDING = """
import sys
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.index import checkpoint
import numpy as np
load = checkpoint.load
def slowly(*given, **named):
    print("loading", flush=True)
    sys.stdin.readline()
    return load(*given, **named)
checkpoint.load = slowly
memory = VisualMemory.open(sys.argv[1])
memory.maintenance.defer()
memory.maintenance.run()
"""


def test_one_killed_while_it_was_loading_leaves_the_memory_as_it_was(path: Path) -> None:
    before = {file.name: file.read_bytes() for file in path.iterdir() if file.is_file() and file.name != "lock"}
    child = subprocess.Popen(
        [sys.executable, "-c", DECIDING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stdout.readline() == "loading\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    after = {name: (path / name).read_bytes() for name in before}
    assert after == before
    with VisualMemory.open(path) as memory:
        assert memory.decide_vector(OUTSIDE[0], search="hnsw").search.mode == "hnsw"
        assert memory.maintenance.verify() == []


@pytest.fixture
def alone(path: Path) -> Iterator[VisualMemory]:
    with VisualMemory.open(path) as memory:
        yield memory


def test_decisions_go_on_while_exemplars_are_forgotten(alone: VisualMemory) -> None:
    alone.maintenance.defer()
    failed: list[BaseException] = []
    stop = threading.Event()

    def decide() -> None:
        try:
            while not stop.is_set():
                for query in VECTORS[:40:4]:
                    alone.decide_vector(query)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=decide) for _ in range(2)]
    for thread in threads:
        thread.start()
    for first in range(1, 40, 8):
        alone.forget([first, first + 1])
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
