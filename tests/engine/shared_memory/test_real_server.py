"""Only on a real server, which ``make test-milvus`` starts: decisions, edits, two clients, and faults of all kinds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from tests.conftest import clustered
from tests.engine.shared_memory.conftest import DIM, QUICK, REAL, address_of, opened
from tests.engine.shared_memory.faulty_proxy import Fault, FaultyProxy
from tests.engine.shared_memory.test_decide import bare
from tests.engine.shared_memory.test_edits import state
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import MemoryLocked, ServerError, UnknownExemplar
from visualmemory_gui.engine.files import installation
from visualmemory_gui.engine.shared_memory import milvus_server
from visualmemory_gui.engine.shared_memory.lease import LeaseTimes
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer
from visualmemory_gui.engine.shared_memory.push import push
from visualmemory_gui.engine.shared_memory.server import Server, ServerRow
from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory

PARTS = range(15 if os.environ.get("SOAK") else 1)
"""So that each ends in time, and those that have not run can be run by themselves."""
KILLS = 4 if os.environ.get("SOAK") else 2
GROUP = Path(os.environ.get("MILVUS_GROUP", "group"))
FAULTS = ("killed", "paused", "cut off", "slow")
SHORT_S = 3.0
"""How long an answer is waited for while the server has faults."""
Editable = VisualMemory | SharedMemory


def struck(shared: SharedMemory) -> set[int]:
    return {e.id for page in shared.catalog.pages(state="struck") for e in page}


def require_whole(shared: SharedMemory) -> None:
    """No edit is half done: all rows are as they were written, and the labels count them."""
    assert shared.maintenance.verify() == []


def test_500_queries_are_decided_as_in_the_folder_to_the_last_digit(
    server: Server, collection: str, tmp_path: Path
) -> None:
    vectors, labels = clustered(3_500, dim=64, classes=40, seed=3)
    with VisualMemory.create(tmp_path / "m.vmem", dim=64) as m:
        m.set_all({"rule": "ridge", "class_factor": "mean"})
        m.add_vectors(vectors[:3_000], labels[:3_000])
        m.maintenance.measure()
        push(m, server, collection)
        with opened(server, collection, readonly=True) as shared:
            for query in vectors[3_000:]:
                assert bare(shared.decide_vector(query)) == bare(m.decide_vector(query))


def test_a_day_of_edits_is_as_in_the_folder_and_another_client_reads_or_waits(
    folder: VisualMemory, server: Server, collection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(folder, server, collection)
    folder.history.baseline()
    queries = clustered(8, dim=DIM, classes=5, seed=9)[0]
    edits: list[Callable[[Editable], object]] = [
        lambda m: m.add_vectors(queries[:2], "taught"),
        lambda m: m.strike([1, 2, 12]),
        lambda m: m.relabel([4, 5], "new/one"),
        lambda m: m.reweigh([6, 9], 0.5),
        lambda m: m.rename_label("class 9", "class 8"),
        lambda m: m.undo(),
        lambda m: m.undo(),
        lambda m: m.redo(),
        lambda m: m.history.revert(m.history.steps()[-1].number),
        lambda m: m.forget([20, 21]),
        lambda m: m.undo(),
    ]
    with opened(server, collection) as shared:
        for edit in edits:
            for m in (shared, folder):
                edit(m)
            assert state(shared) == state(folder)
            assert [s.name for s in shared.history.steps()] == [s.name for s in folder.history.steps()]
        for query in queries:
            there, here = (m.decide_vector(query, rule="rank") for m in (shared, folder))
            assert [(n.id, n.distance) for n in there.neighbours] == [(n.id, n.distance) for n in here.neighbours]
            assert there.shares == here.shares
        with opened(server, collection, readonly=True) as reader:
            receipt = shared.forget([30, 31], rebuild=True)
            with pytest.raises(ServerError, match="dropped, or rebuilt to forget"):
                reader.decide_vector(queries[0])
        folder.forget([30, 31])
        assert receipt.erasure == "not provable here"
        assert state(shared) == state(folder)
        require_whole(shared)
        monkeypatch.setattr(installation, "data_folder", lambda: tmp_path / "another machine")
        with opened(server, collection, readonly=True) as reader:
            assert state(reader) == state(folder)
        with pytest.raises(MemoryLocked, match="is being edited by"):
            opened(server, collection)
    with opened(server, collection) as second:
        assert second.history.steps() == []
        assert second.strike([7]).struck == (7,)
        base = second._store.base
    for part in ("", "_images", "_labels"):
        server.drop(base + part)


def test_a_client_that_was_cut_off_until_its_lease_ran_out_changes_nothing_any_more(
    folder: VisualMemory, server: Server, collection: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    push(folder, server, collection)
    monkeypatch.setattr(milvus_server, "TIMEOUT_S", SHORT_S)
    times = LeaseTimes(renew_s=0.5, expire_s=6.0, settle_s=0.5, stop_s=3.0)
    with FaultyProxy(("127.0.0.1", int(urlsplit(REAL).port or 0))) as proxy:
        client = MilvusServer(f"http://127.0.0.1:{proxy.port}", name="the server of this test")
        with SharedMemory.open(address_of(collection), server=client, times=times) as holder:
            holder.strike([1])
            proxy.fault = "cut off"
            monkeypatch.setattr(installation, "data_folder", lambda: tmp_path / "another machine")
            with SharedMemory.open(address_of(collection), server=server, times=times) as other:
                other.strike([2])
                before = state(other)
                with pytest.raises(ServerError, match="could not be renewed"):
                    holder.strike([4])
                proxy.fault = "none"
                with pytest.raises(MemoryLocked, match="took the lease"):
                    until_told(lambda: holder.strike([4]))
                assert state(other) == before
        client.close()


def until_told(edit: Callable[[], object]) -> None:
    """Try it until the server answers again."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            edit()
        except ServerError:
            time.sleep(0.1)


@pytest.mark.parametrize("part", PARTS)
def test_a_client_that_is_killed_loses_no_acknowledged_edit(
    folder: VisualMemory, server: Server, collection: str, part: int
) -> None:
    push(folder, server, collection)
    acknowledged, rng = {3, 30, 303}, random.Random(part)
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.shared_memory.editing_child", REAL, collection],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        acknowledged.add(int(child.stdout.readline()))
        time.sleep(rng.uniform(0.0, 2.0))
        child.kill()
        acknowledged.update(int(line) for line in child.stdout.read().split())
        child.wait()
        child.stdout.close()
        with opened(server, collection) as shared:
            assert acknowledged <= struck(shared)
            assert len(struck(shared)) <= len(acknowledged) + 1
            require_whole(shared)
            acknowledged = struck(shared)


def stream(rng: random.Random) -> list[Callable[[Editable], object]]:
    """Edits of all kinds, in an order drawn at random; those of one exemplar use one of the first 300."""
    one, two = rng.sample(range(1, 301), 2)
    vectors, label = rng_vectors(rng), f"taught/{one}"
    edits: list[Callable[[Editable], object]] = [
        lambda m: m.strike(present(m, [one, two])),
        lambda m: m.relabel(present(m, [two]), label),
        lambda m: m.add_vectors(vectors, label),
        lambda m: m.reweigh(present(m, [one]), 0.5),
        lambda m: m.undo(),
        lambda m: m.redo(),
        lambda m: m.restore(present(m, [one, two])),
    ]
    rng.shuffle(edits)
    return edits


def stream_until(begun: threading.Event, rng: random.Random) -> Iterator[Callable[[Editable], object]]:
    """Streams of edits, of which the last begins after ``begun``."""
    while not begun.is_set():
        yield from stream(rng)
    yield from stream(rng)


def rng_vectors(rng: random.Random) -> np.ndarray:
    found = np.array([[rng.gauss(0, 1) for _ in range(DIM)] for _ in range(3)], np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def present(m: Editable, ids: list[int]) -> list[int]:
    """Those of ``ids`` that have not been forgotten, or any one."""
    there = {e.id for page in m.catalog.pages() for e in page}
    return [one for one in ids if one in there] or [min(there)]


def content(m: Editable) -> tuple[list[object], list[object]]:
    """The exemplars of the beginning by id, and the others, whose ids begin anew with each opening, without."""
    rows = state(m)
    return [row for row in rows if int(str(row[0])) <= 310], sorted(row[1:] for row in rows if int(str(row[0])) > 310)


@contextmanager
def fault(kind: str, proxy: FaultyProxy, after_s: float) -> Iterator[threading.Event]:
    """The fault begins ``after_s`` seconds later, which is told, and is over at the end of the block."""
    begun, over = threading.Event(), threading.Event()

    def run() -> None:
        time.sleep(after_s)
        if kind == "killed":
            os.killpg(int(GROUP.read_text()), signal.SIGKILL)
            begun.set()
            return
        group = int(GROUP.read_text())
        if kind == "paused":
            os.killpg(group, signal.SIGSTOP)
        else:
            proxy.fault = kind  # type: ignore[assignment]
        begun.set()
        over.wait(2 * SHORT_S)
        if kind == "paused":
            os.killpg(group, signal.SIGCONT)
        none: Fault = "none"
        proxy.fault = none

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield begun
    finally:
        over.set()
        thread.join()


def wait_until_served(server: Server) -> None:
    """The server answers again, and has loaded what it holds."""
    end = time.monotonic() + 180
    while True:
        try:
            server.has("nothing")
            return
        except ServerError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def opened_again(server: Server, collection: str) -> SharedMemory:
    """The memory, once the server has all of it loaded."""
    end = time.monotonic() + 180
    while True:
        try:
            return opened(server, collection)
        except ServerError:
            if time.monotonic() > end:
                raise
            time.sleep(1.0)


@pytest.mark.parametrize("part", PARTS)
def test_no_fault_of_the_server_loses_an_acknowledged_edit(
    folder: VisualMemory, server: Server, collection: str, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    push(folder, server, collection)
    folder.history.baseline()
    address, rng, cut = urlsplit(REAL), random.Random(part), 0
    forgotten: list[int] = []
    for moment in range(len(FAULTS)):
        kind, due = FAULTS[(part + moment) % len(FAULTS)], None
        with FaultyProxy((str(address.hostname), int(address.port or 0))) as proxy, monkeypatch.context() as short:
            short.setattr(milvus_server, "TIMEOUT_S", SHORT_S)
            short.setattr(milvus_server, "BULK_S", SHORT_S)
            client = MilvusServer(f"http://127.0.0.1:{proxy.port}", name="the server of this test")
            shared = SharedMemory.open(address_of(collection), server=client, times=QUICK)
            with fault(kind, proxy, rng.uniform(0.0, 3.0)) as begun:
                for edit in stream_until(begun, rng):
                    try:
                        edit(shared)
                    except ServerError:
                        due = edit
                        cut += 1
                        break
                    edit(folder)
                shared.close()
                client.close()
        wait_until_served(server)
        with opened_again(server, collection) as shared:
            if content(shared) != content(folder):
                assert due is not None
                due(folder)
            assert content(shared) == content(folder)
            require_whole(shared)
            for exemplar in forgotten:
                with pytest.raises(UnknownExemplar):
                    shared.catalog.get([exemplar])
            if moment == 0:
                [exemplar] = present(shared, [300 - part])
                for m in (shared, folder):
                    m.forget([exemplar])
                forgotten.append(exemplar)
    assert cut >= 3  # a server that is slow cuts nothing off


class CutOff(MilvusServer):
    """Sends no more than ``left`` writes to the real server."""

    left: int | None = None

    def upsert(self, collection: str, rows: list[ServerRow]) -> None:  # type: ignore[override]
        if self.left is not None and not collection.endswith("_meta"):
            self.left -= 1
            if self.left < 0:
                raise ServerError("the server of this test does not answer")
        super().upsert(collection, rows)


def test_without_the_journal_verify_finds_an_edit_that_is_half_done(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    """The control: what the faults would leave."""
    push(folder, server, collection)
    half = CutOff(REAL, name="the server of this test")
    with SharedMemory.open(address_of(collection), server=half, times=QUICK) as shared:
        half.left = 1
        with pytest.raises(ServerError):
            shared.relabel([1, 2], "new/one")
        half.left = None
        assert shared._editor is not None
        shared._editor._journal.take_back()
    half.close()
    with opened(server, collection) as shared:
        assert {damage.what for damage in shared.maintenance.verify()} == {"label"}
