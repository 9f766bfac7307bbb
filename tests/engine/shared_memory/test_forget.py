"""Forgetting on a shared memory: nothing answers any more, nothing else is lost, and what was cut short goes on."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import COLOURS, clustered, paint_image
from tests.engine.shared_memory.conftest import DIM, REAL, address_of, opened
from tests.engine.shared_memory.test_edits import QUERIES, state
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import MemoryExists, ReadOnlyMemory, ServerError, UnknownExemplar
from visualmemory_gui.engine.files import installation
from visualmemory_gui.engine.shared_memory import measures
from visualmemory_gui.engine.shared_memory.address import SharedAddress
from visualmemory_gui.engine.shared_memory.eraser import Eraser
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.journal import Journal
from visualmemory_gui.engine.shared_memory.lease import LeaseTimes
from visualmemory_gui.engine.shared_memory.pull import pull
from visualmemory_gui.engine.shared_memory.push import push
from visualmemory_gui.engine.shared_memory.server import Server, ServerColumns, ServerRow
from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.types import Erasure

CONFIRMED: Erasure = "not provable here" if REAL else "erased"
VECTORS, LABELS = clustered(40, dim=DIM, classes=3, seed=1)
SECRET = [7, 9]
"""Exemplars of one label that no other has."""


def _counted(shared: SharedMemory) -> dict[str, int]:
    labels = [row[1] for row in state(shared) if row[2] == "active"]
    return {str(label): labels.count(label) for label in labels}


def _require_forgotten(shared: SharedMemory, ids: Sequence[int], vectors: np.ndarray) -> None:
    """No read has them, and the labels count what is there."""
    assert not {row[0] for row in state(shared)} & set(ids)
    for exemplar, vector in zip(ids, vectors, strict=True):
        with pytest.raises(UnknownExemplar):
            shared.catalog.get([exemplar])
        assert exemplar not in [n.id for n in shared.decide_vector(vector, k=20, rule="rank").neighbours]
    assert shared.catalog.thumbnails(ids) == {}
    assert shared.class_counts() == _counted(shared)


def test_what_is_forgotten_is_in_no_answer_and_the_rest_is_as_in_a_folder(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    push(folder, server, collection)
    vectors = folder.catalog.vectors([1, 7, 70])
    with opened(server, collection) as shared:
        shared.strike([1, 2])
        shared.relabel([1], "only/mine")
        told = []
        shared.changed(told.append)
        receipt = shared.forget([1, 7, 70])
        assert (receipt.ids, receipt.erasure) == ((1, 7, 70), CONFIRMED)
        assert receipt.labels == ("class 9/odd", "only/mine")
        assert [changes.forgotten for changes in told] == [(1, 7, 70)]
        folder.strike([1, 2])
        folder.forget([1, 7, 70])
        _require_forgotten(shared, (1, 7, 70), vectors)
        assert state(shared) == state(folder)
        for query in QUERIES:
            there, here = (m.decide_vector(query, rule="rank") for m in (shared, folder))
            assert [(n.id, n.distance) for n in there.neighbours] == [(n.id, n.distance) for n in here.neighbours]
            assert there.shares == here.shares
        labels = {label.path for label in SharedStore.open(server, collection).labels().values()}
        assert not labels & {"class 9/odd", "only/mine"}
        assert [step.exemplars for step in shared.history.steps()] == [1]
        assert shared.undo().restored == (2,)
        with pytest.raises(UnknownExemplar):
            shared.forget([1])
        assert shared.relabel([2], "new").edit is not None
    with opened(server, collection, readonly=True) as reader:
        _require_forgotten(reader, (1, 7, 70), vectors)
        with pytest.raises(ReadOnlyMemory):
            reader.forget([2])


@pytest.mark.parametrize("again", [False] if REAL else [False, True])
def test_rebuilding_keeps_all_others_and_drops_the_old_collections(
    folder: VisualMemory, server: Server, collection: str, again: bool
) -> None:
    push(folder, server, collection)
    vectors = folder.catalog.vectors([5, 6])
    with opened(server, collection) as shared:
        shared.strike([2])
        before = [row for row in state(shared) if row[0] not in (5, 6)]
        receipt = shared.forget([5] if again else [5, 6], rebuild=True)
        if again:
            receipt = shared.forget([6], rebuild=True)
        assert receipt.erasure == CONFIRMED
        base = shared._store.base
        assert not any(server.has(collection + part) for part in ("", "_images", "_labels"))
        assert server.has(base)
        _require_forgotten(shared, (5, 6), vectors)
        assert state(shared) == before
        assert shared.undo().restored == (2,)
    with opened(server, collection) as shared:
        assert shared.maintenance.finished_forget is None
        assert shared._store.base == base
        assert len(shared.add_vectors(QUERIES[:1], "after")) == 1
    with pytest.raises(MemoryExists):
        push(folder, server, collection)
    assert not server.has(collection)
    SharedStore.open(server, collection).drop_collections()


def test_parts_of_an_image_are_forgotten_with_it_and_the_thumbnails_too(
    memory: VisualMemory, server: Server, collection: str
) -> None:
    image = paint_image(COLOURS["animals/cat"], seed=5000)
    whole = memory.add_images([image], "animals/cat").added
    part = memory.add_images([image], "eye", [(0, 0, 16, 16)]).added
    push(memory, server, collection)
    with opened(server, collection) as shared:
        assert shared.catalog.thumbnail(part[0]) is not None
        receipt = shared.forget(whole)
        assert receipt.ids == (*whole, *part)
        assert server.query(f"{collection}_images", [], ["id"]) != []
        images = server.query(f"{collection}_images", [], ["id"])
        assert not {row["id"] for row in images} & set(receipt.ids)
        assert shared.decide(image).in_memory == ()


def test_no_file_on_this_machine_keeps_the_bytes(folder: VisualMemory, collection: str) -> None:
    server = InProcessServer()
    push(folder, server, collection)

    def hits() -> int:
        files = [path for path in (installation.data_folder() / "shared").rglob("*") if path.is_file()]
        return sum(vector.tobytes() in path.read_bytes() for path in files)

    vector = QUERIES[0].astype(np.float32)
    with opened(server, collection) as shared:
        [new] = shared.add_vectors(vector[None], "mine")
        vector = shared.catalog.vectors([new])[0]
        assert hits() == 1  # the control: the journal had it
        shared.forget([new])
        assert hits() == 0
        assert shared.history.steps() == []


class Restorable(InProcessServer):
    """Can be set back to an earlier state, as by a backup; a lagging one may give what was deleted."""

    def saved(self) -> dict[str, Any]:
        return copy.deepcopy(self._collections)

    def restore(self, saved: dict[str, Any]) -> None:
        meta = {name: kept for name, kept in self._collections.items() if name.endswith("_meta")}
        self._collections = {**copy.deepcopy(saved), **meta}


def test_what_a_backup_brings_back_never_answers_here_and_is_deleted_again(
    folder: VisualMemory, collection: str, tmp_path: Path
) -> None:
    server = Restorable()
    push(folder, server, collection)
    vectors, saved = folder.catalog.vectors([1, 2]), server.saved()
    with opened(server, collection) as shared:
        shared.forget([1, 2])
    server.restore(saved)
    with opened(server, collection, readonly=True) as reader:
        assert not {row[0] for row in state(reader)} & {1, 2}
        for vector in vectors:
            assert not {n.id for n in reader.decide_vector(vector, rule="rank").neighbours} & {1, 2}
        reader._store.forgotten = frozenset()  # the control: without the list they answer
        assert [n.id for n in reader.decide_vector(vectors[0], k=1, rule="rank").neighbours] == [1]
    with closing(Journal.of(SharedAddress.of(address_of(collection)))) as journal:
        pull(server, collection, tmp_path / "back.vmem", journal=journal)
    with VisualMemory.open(tmp_path / "back.vmem", readonly=True) as back:
        assert [row[0] for row in state(back)][:2] == [3, 4]
    with opened(server, collection) as shared:
        assert shared.maintenance.finished_forget is not None and shared.maintenance.finished_forget.ids == (1, 2)
        _require_forgotten(shared, (1, 2), vectors)
    assert not {row["id"] for row in server.query(collection, [], ["id"])} & {1, 2}


def test_a_server_that_lags_does_not_give_what_was_forgotten_and_is_not_said_to_have_erased_it(
    folder: VisualMemory, collection: str
) -> None:
    now = [0.0]
    server = Restorable(lag_s=3600.0, clock=lambda: now[0])
    push(folder, server, collection)
    now[0] = 7200.0
    [vector] = folder.catalog.vectors([1])
    with opened(server, collection) as shared:
        shared.decide_vector(vector)
        shared.strike([2])
        receipt = shared.forget([1])
        assert receipt.erasure == "hidden" and receipt.why is not None
        assert shared.decide_vector(vector, k=1, rule="rank").neighbours[0].id != 1
        shared._store.forgotten = frozenset()  # the control: a bounded read has it
        assert shared.decide_vector(vector, k=1, rule="rank").neighbours[0].id == 1
    now[0] = 14400.0
    with opened(server, collection) as shared:
        assert (
            shared.maintenance.finished_forget is not None and shared.maintenance.finished_forget.erasure == "hidden"
        )  # the lease is new


class CutOff(InProcessServer):
    """From the write ``left`` on nothing is reached any more; that write itself arrives if it is cut off ``after``."""

    left: int | None = None
    after = False

    def _reached(self) -> bool:
        if self.left is None:
            return True
        self.left -= 1
        if self.left < 0:
            if self.left == -1 and self.after:
                return False
            raise ServerError("the server of this test does not answer")
        return True

    def _written(self, reached: bool) -> None:
        if not reached:
            raise ServerError("the server of this test does not answer")

    def upsert(self, collection: str, rows: Sequence[ServerRow]) -> None:
        reached = self._reached()
        super().upsert(collection, rows)
        self._written(reached)

    def delete(self, collection: str, keys: Sequence[int]) -> None:
        reached = self._reached()
        super().delete(collection, keys)
        self._written(reached)

    def create(self, collection: str, columns: ServerColumns) -> None:
        reached = self._reached()
        super().create(collection, columns)
        self._written(reached)

    def drop(self, collection: str) -> None:
        reached = self._reached()
        super().drop(collection)
        self._written(reached)

    def compact(self, collection: str) -> Erasure:
        reached = self._reached()
        found = super().compact(collection)
        self._written(reached)
        return found


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> InProcessServer:
    """With the memory of 30 exemplars ``m``."""
    found = InProcessServer()
    with VisualMemory.create(tmp_path_factory.mktemp("filled") / "m.vmem", dim=DIM) as m:
        m.add_vectors(VECTORS[:30], LABELS[:30])
        m.relabel(SECRET, "secret")
        push(m, found, "m")
    return found


@pytest.fixture
def cut(filled: InProcessServer) -> CutOff:
    """The same, for one test."""
    found = CutOff()
    found._collections = copy.deepcopy(filled._collections)
    return found


def _opened(server: CutOff, *, readonly: bool = False) -> SharedMemory:
    """The memory; its lease is renewed so late that the renewal is none of the writes."""
    times = LeaseTimes(renew_s=60.0, settle_s=0.0, stop_s=60.0)
    return SharedMemory.open(address_of("m"), server=server, times=times, readonly=readonly)


def _forget_until_cut(cut: CutOff, at: int, *, after: bool, rebuild: bool) -> bool:
    """Whether it was done before the connection was cut at the write ``at``."""
    with _opened(cut) as shared:
        shared.strike([1, SECRET[0]])
        cut.left, cut.after = at, after
        try:
            done = shared.forget(SECRET, rebuild=rebuild).erasure == "erased"
        except ServerError:
            done = False
        assert not {row[0] for row in state(shared)} & set(SECRET)
        cut.left = None
    return done


WRITES = {False: range(15), True: range(8, 27)}
"""The writes of a forget, and those of one with a rebuild from shortly before it on."""
MOMENTS = [
    (rebuild, at, after)
    for rebuild, writes in WRITES.items()
    for at in writes
    for after in (False, True)
    if os.environ.get("SOAK") or at % 2 == after
]


@pytest.mark.parametrize("rebuild", [False, True])
def test_these_moments_are_all_there_are(cut: CutOff, rebuild: bool) -> None:
    assert _forget_until_cut(cut, WRITES[rebuild].stop, after=False, rebuild=rebuild)


@pytest.mark.parametrize(("rebuild", "at", "after"), MOMENTS)
def test_a_forget_that_is_cut_short_goes_on_at_the_next_opening(
    cut: CutOff, rebuild: bool, at: int, after: bool
) -> None:
    vectors = VECTORS[[one - 1 for one in SECRET]]
    done = _forget_until_cut(cut, at, after=after, rebuild=rebuild)
    others = set(range(1, 31)) - set(SECRET)
    with _opened(cut, readonly=True) as reader:  # whichever collections count are whole
        assert {row[0] for row in state(reader)} == others
    with _opened(cut) as shared:
        assert (shared.maintenance.finished_forget is None) == done
        _require_forgotten(shared, SECRET, vectors)
        assert {row[0] for row in state(shared)} == others
        assert [step.exemplars for step in shared.history.steps()] == [1]
        assert shared.undo().restored == (1,)
        base = shared._store.base
        assert (base != "m") == rebuild
    assert sorted(cut._collections) == sorted([base, f"{base}_images", f"{base}_labels", "m_meta"])
    assert not {row["id"] for row in cut.query(base, [], ["id"])} & set(SECRET)
    assert "secret" not in [row["path"] for row in cut.query(f"{base}_labels", [], ["path"])]
    with _opened(cut) as shared:
        assert shared.maintenance.finished_forget is None


def test_without_going_on_a_forget_stays_half_done(cut: CutOff, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a label that nothing has any more stays on the server."""
    assert not _forget_until_cut(cut, 2, after=False, rebuild=False)
    monkeypatch.setattr(Eraser, "resume", lambda _: None)
    with _opened(cut):
        assert "secret" in [row["path"] for row in cut.query("m_labels", [], ["path"])]


def test_a_number_of_a_forgotten_label_is_given_to_no_other(cut: CutOff) -> None:
    with _opened(cut) as shared:
        shared.relabel([3], "last")
        number = shared._own.labels(now=True).number_of("last")
        shared.forget([3])
        shared.relabel([4], "next")
        assert shared._own.labels(now=True).number_of("next") != number


def test_a_base_that_is_not_one_of_this_memory_is_refused_and_left(cut: CutOff) -> None:
    cut.create("foreign", cut._collections["m"].columns)
    store = SharedStore.open(cut, "m")
    store.put("collections", {"now": "m", "other": "foreign"})
    with pytest.raises(Exception, match="does not say which collections"):
        _opened(cut)
    assert cut.has("foreign")


@pytest.mark.parametrize("writes", range(4))
def test_what_was_measured_is_cleared_whatever_its_length_and_a_cut_clearing_is_repeated(
    cut: CutOff, writes: int
) -> None:
    store = SharedStore.open(cut, "m")
    store.put("novelty", ["secret"] * 20_000)  # in several parts
    cut.left = writes
    with suppress(ServerError):
        measures.clear(store)
    cut.left = None
    assert measures.read(store).figures is None
    measures.clear(store)
    assert not any("secret" in str(row["value"]) for row in cut.query("m_meta", [], ["value"]))
