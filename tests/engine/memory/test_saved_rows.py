"""The file of rows is derived: whatever happened to it, the memory opens and holds what the database says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.files import installation, sealed_json
from visualmemory_gui.engine.memory import saved_rows
from visualmemory_gui.engine.store import load_snapshot, rows_file
from visualmemory_gui.engine.store.catalog import Catalog

DIM, COUNT = 4, 300
COLUMNS = ("ids", "active", "trust", "content", "group", "twin", "row_change", "image", "counts")


@pytest.fixture(autouse=True)
def from_few_vectors_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_rows, "LEAST_COMPONENTS", 1)
    monkeypatch.setattr(rows_file, "BLOCK", 1024)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A memory with struck, reweighed and relabelled exemplars, and its file of rows."""
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        memory.add_vectors(vectors(COUNT), [f"class {i % 7}" for i in range(COUNT)])
        memory.strike([3, 5])
        memory.reweigh([7], 0.25)
        memory.relabel([9], "a new class")
        memory.maintenance.run()
    return tmp_path / "m.vmem"


def vectors(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, DIM)).astype(np.float32)


def the_file(path: Path) -> Path:
    [file] = path.glob("rows-*.f32")
    return file


def is_read(path: Path) -> bool:
    """Opens the memory, compares what decisions read with the database, and says whether the file served."""
    with VisualMemory.open(path, readonly=True) as memory:
        database = memory._live.database
        file, _ = load_snapshot._from_file(database, Catalog(database))
        snapshot, rows = memory._live.snapshot, Catalog(database).snapshot_rows()
        np.testing.assert_array_equal(snapshot.vectors, Catalog(database).vectors(rows.ids))
        for name in COLUMNS[:-1]:
            wanted = getattr(rows, "change" if name == "row_change" else name)
            np.testing.assert_array_equal(getattr(snapshot, name), wanted)
        names = [snapshot.labels[code] for code in snapshot.label]
        assert names == [rows.labels[code] for code in rows.label]
        assert snapshot.class_counts() == memory.catalog.counts()
    return file is not None


def test_the_rows_come_from_the_file(path: Path) -> None:
    assert is_read(path)


def test_edits_since_come_from_the_database(path: Path) -> None:
    with VisualMemory.open(path) as memory:
        memory.strike([1])
        memory.restore([3])
        memory.relabel([COUNT], "class 2")
        memory.reweigh([8], 0.125)
        memory.add_vectors(vectors(5, seed=1), "added since")
        memory.undo()
        memory.add_vectors(vectors(2, seed=2), "added after that")
    assert is_read(path)


def test_what_is_due_is_written_again(path: Path) -> None:
    before = the_file(path).name
    with VisualMemory.open(path) as memory:
        memory.maintenance.run()
        assert the_file(path).name == before
        memory.add_vectors(vectors(1200, seed=1), "many")
        memory.maintenance.run()
    assert the_file(path).name != before
    assert is_read(path)


def test_a_small_memory_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_rows, "LEAST_COMPONENTS", DIM * COUNT)
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        memory.add_vectors(vectors(COUNT - 1), "one")
        memory.maintenance.run()
        assert not list(memory.path.glob("rows*"))


def flip(place: Callable[[int], int]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = bytearray(the_file(path).read_bytes())
        data[place(len(data))] ^= 1
        the_file(path).write_bytes(data)

    return damage


def cut(path: Path) -> None:
    os.truncate(the_file(path), the_file(path).stat().st_size // 2)


def reseal(**values: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        said = {**sealed_json.read(path / "rows.json"), **values}
        (path / "rows.json").write_text(sealed_json.text(said))

    return change


def alter_unsealed(path: Path) -> None:
    said = json.loads((path / "rows.json").read_text())
    (path / "rows.json").write_text(json.dumps({**said, "count": COUNT - 1}))


def another_memory(path: Path) -> None:
    """As many rows, of another memory that came to the same change number."""
    with VisualMemory.create(path.parent / "other.vmem", dim=DIM) as memory:
        memory.add_vectors(vectors(COUNT, seed=5), [f"class {i % 7}" for i in range(COUNT)])
        for exemplar in (1, 2, 4):
            memory.strike([exemplar])
        memory.maintenance.run()
        for file in memory.path.glob("rows*"):
            shutil.copy(file, path / file.name)


def a_link(path: Path) -> None:
    target = path.parent / "elsewhere"
    the_file(path).rename(target)
    (path / "rows-4.f32").symlink_to(target)


@pytest.mark.parametrize(
    "damage",
    [
        flip(lambda n: 20), flip(lambda n: n - 5), cut,
        lambda p: the_file(p).unlink(), lambda p: the_file(p).write_bytes(b""),
        reseal(change=1_000_000), reseal(dim=DIM + 1), reseal(count=COUNT + 1), reseal(count=-1), reseal(file="../x"),
        reseal(file=5), reseal(version=99), reseal(unknown=1), alter_unsealed, another_memory, a_link,
        lambda p: (p / "rows.json").write_bytes(b"{" * 100_000), lambda p: (p / "rows.json").unlink(),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_was_written_is_not_read(path: Path, damage: Callable[[Path], None]) -> None:
    damage(path)
    file_served = is_read(path)
    sealed = (path / "rows.json").exists()
    if file_served:  # its columns are whole; the vectors were then read from the database
        assert sealed
    with VisualMemory.open(path) as memory:
        memory.add_vectors(vectors(1100, seed=3), "since")
        memory._live._rows.keep_up(lambda: memory._live.snapshot)
    assert is_read(path)


def test_a_file_of_another_installation_is_not_read(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installation, "data_folder", lambda: tmp_path / "another home")
    assert not is_read(path)


def test_a_file_that_is_cut_while_it_is_read_does_not_end_the_process(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, file, many = os.preadv, the_file(path), iter(range(1000))

    def cut_in_the_middle(handle: int, parts: list[memoryview], at: int) -> int:
        if next(many) == 3:
            os.truncate(file, 40)
        return read(handle, parts, at)

    monkeypatch.setattr(os, "preadv", cut_in_the_middle)
    with VisualMemory.open(path, readonly=True) as memory:
        np.testing.assert_array_equal(memory._live.snapshot.vectors, memory.catalog.vectors(memory._live.snapshot.ids))
    assert next(many) > 3


def test_forgetting_and_compacting_delete_it(path: Path) -> None:
    with VisualMemory.open(path) as memory:
        wanted = memory.catalog.vectors([4])[0].tobytes()
        assert wanted in the_file(path).read_bytes()
        memory.forget([4])
        assert not any(wanted in file.read_bytes() for file in path.glob("*") if file.is_file())
        memory.maintenance.run()
        assert wanted not in the_file(path).read_bytes()
    assert is_read(path)
    with VisualMemory.open(path) as memory:
        memory._live._rows.delete()
        memory.maintenance.compact()
    assert is_read(path) == bool(list(path.glob("rows-*.f32")))


def test_a_file_that_is_being_written_is_given_up_where_exemplars_are_forgotten(path: Path) -> None:
    (path / "rows.json").unlink()
    begun, go_on = threading.Event(), threading.Event()

    def report(done: int, total: int | None, what: str = "") -> None:
        if what == "writing the rows":
            begun.set()
            assert go_on.wait(30)

    with VisualMemory.open(path) as memory:
        live = memory._live
        writer = threading.Thread(target=lambda: live._rows.keep_up(lambda: live.snapshot, report))
        writer.start()
        assert begun.wait(30)
        forgetter = threading.Thread(target=lambda: memory.forget([4]))
        forgetter.start()
        while live._rows._generation == 0:
            assert forgetter.is_alive()
        go_on.set()
        writer.join()
        forgetter.join()
        assert not list(path.glob("rows-*")) and not list(path.glob(".vmem-*.part"))


def test_one_that_is_cancelled_leaves_nothing(path: Path) -> None:
    (path / "rows.json").unlink()
    the_file(path).unlink()

    def cancel(done: int, total: int | None, what: str = "") -> None:
        raise Cancelled

    with VisualMemory.open(path) as memory:
        live = memory._live
        with pytest.raises(Cancelled):
            live._rows.keep_up(lambda: live.snapshot, cancel)
        assert not list(path.glob("rows*")) and not list(path.glob(".vmem-*.part"))


KILLED = """
import sys
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.memory import saved_rows
from visualmemory_gui.engine.store import rows_file
saved_rows.LEAST_COMPONENTS, rows_file.BLOCK = 1, 1024
def report(done, whole, what=""):
    print(what, flush=True)
    sys.stdin.readline()
memory = VisualMemory.open(sys.argv[1])
memory._live._rows.keep_up(lambda: memory._live.snapshot, report)
"""


def test_one_killed_while_it_was_written_is_swept(path: Path) -> None:
    (path / "rows.json").unlink()
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "writing the rows\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert list(path.glob(".vmem-*.part"))
    with VisualMemory.open(path) as memory:
        memory.forget([4])
        assert not list(path.glob(".vmem-*.part")) and not list(path.glob("rows*"))
        memory.maintenance.run()
    assert is_read(path)


def test_a_full_disk_leaves_the_memory_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path / "rows.json").unlink()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with VisualMemory.open(path) as memory:
        live = memory._live
        live._rows.keep_up(lambda: live.snapshot)
    assert not (path / "rows.json").exists()
    monkeypatch.undo()
    assert not is_read(path)
