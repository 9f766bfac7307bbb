"""What a window asks of a shared memory, besides decisions and edits: listing, queue, tags, settings, checks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import COLOURS, clustered, paint_image
from tests.engine.shared_memory.conftest import DIM, opened
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import BadValue, ReadOnlyMemory, ServerError
from visualmemory_gui.engine.files import installation
from visualmemory_gui.engine.memory.protocol import Memory, whole
from visualmemory_gui.engine.shared_memory import push
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.observed_server import ObservedServer
from visualmemory_gui.engine.shared_memory.server import Server
from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore


def listed(memory: Memory) -> list[tuple[int, str, bool, float]]:
    """(id, label, active, trust) of all rows that are listed."""
    for _ in memory.list_rows():
        pass
    rows = memory.listing
    labels = [rows.labels[code] for code in rows.label.tolist()]
    return list(zip(rows.ids.tolist(), labels, rows.active.tolist(), rows.trust.tolist(), strict=True))


def test_rows_are_listed_as_in_the_folder_after_each_edit_too(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    push.push(folder, server, collection)
    with opened(server, collection) as shared:
        assert listed(shared) == listed(folder)
        for m in (shared, folder):
            m.strike([1, 2])
            m.relabel([4], "new/class")
            m.reweigh([9], 0.5)
        assert listed(shared) == listed(folder)
        shared.add_vectors(clustered(2, dim=DIM, classes=5, seed=3)[0], ["a", "b"])
        assert [row[1] for row in listed(shared)[-2:]] == ["a", "b"]
        shared.undo()
        assert listed(shared) == listed(folder)
        shared.erase([7]).finish()
        assert 7 not in [row[0] for row in listed(shared)]
        with pytest.raises(BadValue, match="pull a sample"):
            _ = shared.listing.vectors
        with pytest.raises(BadValue, match="pull a sample"):
            whole(shared)


def test_what_another_client_did_is_listed(folder: VisualMemory, server: Server, collection: str) -> None:
    push.push(folder, server, collection)
    with opened(server, collection, readonly=True) as reader:
        assert len(listed(reader)) == 310
        with opened(server, collection) as shared:
            shared.relabel([5], "elsewhere")
        reader._own._looked = 0.0
        assert (5, "elsewhere") in [row[:2] for row in listed(reader)]


def test_exemplars_are_found_by_the_words_of_their_rows(memory: VisualMemory, server: Server, collection: str) -> None:
    push.push(memory, server, collection)
    with opened(server, collection, readonly=True) as shared:
        for text in ("CAT", "nothing such", ""):
            there, here = ([i for part in m.catalog.find(text=text) for i in part] for m in (shared, memory))
            assert there == here
        assert not [i for part in shared.catalog.find(since=1e12) for i in part]


@pytest.fixture
def waiting(tmp_path: Path) -> list[str]:
    """Paths of twelve images that are in no memory."""
    paths = []
    for number in range(12):
        label = sorted(COLOURS)[number % len(COLOURS)]
        paths.append(str(tmp_path / f"waiting-{number}.png"))
        paint_image(COLOURS[label], seed=9000 + number).save(paths[-1])
    return paths


def test_the_queue_is_decided_as_in_the_folder_after_each_edit_too(
    memory: VisualMemory, server: Server, collection: str, waiting: list[str]
) -> None:
    push.push(memory, server, collection)
    with opened(server, collection) as shared:
        assert shared.queue.add(waiting).added == memory.queue.add(waiting).added == 12
        edits = (
            lambda m: None,
            lambda m: m.strike([1, 2, 3]),
            lambda m: m.relabel([4], "animals/lynx"),
            lambda m: m.queue.teach([1, 2], "taught/here"),
            lambda m: m.reweigh([5], 0.25),
            lambda m: m.undo(),
        )
        for edit in edits:
            for m in (shared, memory):
                edit(m)  # type: ignore[no-untyped-call]
            there, here = shared.queue.table(), memory.queue.table()
            for name in ("ids", "shares", "margins", "known"):
                assert np.array_equal(getattr(there, name), getattr(here, name), equal_nan=True), name
            assert (there.winners, there.labels, there.taught) == (here.winners, here.labels, here.taught)
        shared.queue.remove([1])
        assert len(shared.queue) == len(shared.queue.table()) == 11
    with opened(server, collection) as later:
        assert len(later.queue) == 11
        later.queue.compare()
        assert later.queue.table(ordered=True).teach_next is not None
        later.queue.clear()
        assert len(later.queue.table()) == 0


def test_an_own_edit_asks_the_server_for_no_image_of_the_queue_again(
    memory: VisualMemory, collection: str, waiting: list[str]
) -> None:
    class Counting(InProcessServer):
        searched = 0

        def search(self, collection: str, vectors, *args, **more):  # type: ignore[no-untyped-def]
            Counting.searched += len(vectors)
            return super().search(collection, vectors, *args, **more)

    server = Counting()
    push.push(memory, server, collection)
    with opened(server, collection) as shared:
        shared.queue.add(waiting)
        shared.queue.table()
        assert Counting.searched >= 12
        before = Counting.searched
        shared.relabel([1], "animals/lynx")
        shared.queue.table()
        assert Counting.searched == before


def test_recent_queries_and_keys_stay_on_this_machine_and_go_with_what_is_forgotten(
    memory: VisualMemory, server: Server, collection: str
) -> None:
    push.push(memory, server, collection)
    [first] = memory.catalog.get([1])
    assert first.content is not None
    with opened(server, collection) as shared:
        shared.queries.add(first.source, first.content, vector=memory.catalog.vectors([1])[0])
        shared.queries.add(None, "ab" * 32, vector=memory.catalog.vectors([2])[0])
        shared.keys.give(3, "animals/cat")
    with opened(server, collection) as shared:
        assert len(shared.queries.recent()) == 2 and shared.keys.all() == {3: "animals/cat"}
        shared.forget([1])
        assert [one.content for one in shared.queries.recent()] == ["ab" * 32]
    for file in (installation.data_folder() / "shared").rglob("*"):
        assert not file.is_file() or bytes.fromhex(first.content) not in file.read_bytes()


def test_tags_name_states_and_lead_back_to_them(folder: VisualMemory, server: Server, collection: str) -> None:
    push.push(folder, server, collection)
    with opened(server, collection) as shared:
        shared.strike([1])
        shared.tags.put("one")
        shared.strike([2])
        shared.relabel([4], "x")
        with pytest.raises(BadValue, match="names the state"):
            shared.tags.put("one")
        step = shared.tags.get("one")
        assert step is not None and step.step is not None
        changes = shared.history.go_back(step.step)
        assert (changes.restored, changes.relabelled) == ((2,), (4,))
        assert shared.history.tags_ahead() == ()
        shared.history.go_back(0)
        assert shared.history.tags_ahead() == ("one",)
        shared.history.go_back(step.step)
        assert [e.state for e in shared.catalog.get([1, 2])] == ["struck", "active"]
        assert shared.history.states([step.step]) == {step.step: "done"}
        with pytest.raises(BadValue, match="no step 99"):
            shared.history.go_back(99)
        shared.tags.drop("one")
        assert shared.tags.all() == []
    with opened(server, collection, readonly=True) as reader, pytest.raises(ReadOnlyMemory):
        reader.tags.put("two")


def test_settings_are_kept_on_the_server_and_decide_at_once(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    push.push(folder, server, collection)
    query = clustered(1, dim=DIM, classes=5, seed=9)[0][0]
    with opened(server, collection) as shared:
        for m in (shared, folder):
            m.set_all({"rule": "softmax", "k": 3, "softmax_temperature": 0.2})
        there, here = shared.decide_vector(query), folder.decide_vector(query)
        assert (there.neighbours, there.shares, there.margin) == (here.neighbours, here.shares, here.margin)
        assert there.confidence is None  # it was measured for another vote
        with pytest.raises(BadValue):
            shared.set("k", 0)
        assert shared.settings.k == 3
        assert shared.history.steps() == []
    with opened(server, collection, readonly=True) as later:
        assert (later.settings.rule, later.settings.k) == ("softmax", 3)
        with pytest.raises(ReadOnlyMemory):
            later.set("k", 5)


def test_derived_trust_goes_with_what_it_was_derived_from(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    folder.apply_study("tune", folder.catalog.change(), trust={20: 0.5, 21: 2.0})
    push.push(folder, server, collection)
    folder.history.baseline()
    with opened(server, collection) as shared:
        assert [e.trust for e in shared.catalog.get([20, 21])] == [0.5, 2.0]
        for m in (shared, folder):
            m.forget([100])
        there, here = ([e.trust for e in m.catalog.get([20, 21, 5, 6])] for m in (shared, folder))
        assert there == here == [1.0, 1.0, 0.25, 2.0]


def test_verify_finds_each_damage_and_nothing_where_there_is_none(memory: VisualMemory, collection: str) -> None:
    server = InProcessServer()
    push.push(memory, server, collection)
    store = SharedStore.open(server, collection)
    rows = store.rows([1, 2])

    def damage(column: str, value: object) -> None:
        server.upsert(collection, [{**rows[1].to_server(), column: value}])  # type: ignore[dict-item]

    with opened(server, collection, readonly=True) as shared:
        assert shared.maintenance.verify() == []
        damage("note", "changed")
        assert [(one.what, one.where) for one in shared.maintenance.verify()][:1] == [("row", "exemplar 1")]
        damage("note", rows[1].note)
        assert shared.maintenance.verify() == []
        server.delete(collection, [2])
        assert [one.what for one in shared.maintenance.verify()] == ["label"]
        store.write([rows[2]])
        server.upsert(f"{collection}_images", [{"id": 1, "thumbnail": "AAAA", "dummy": np.zeros(2, np.float32)}])
        assert [(one.what, one.where) for one in shared.maintenance.verify()] == [("thumbnail", "exemplar 1")]


def test_a_server_is_known_to_be_there_slow_or_gone() -> None:
    now = [0.0]

    class Faulty(InProcessServer):
        fails = False

        def is_graph(self, collection: str) -> bool:
            return False  # as a client says that has kept the answer

        def has(self, collection: str) -> bool:
            now[0] += 3.0
            states.append(observed.state())
            if self.fails:
                raise ServerError("the server does not answer")
            return False

    states: list[str] = []
    faulty = Faulty()
    observed = ObservedServer(faulty, clock=lambda: now[0])
    assert observed.state() == "there"
    observed.has("x")
    assert states == ["slow"] and observed.state() == "there"
    faulty.fails = True
    with pytest.raises(ServerError):
        observed.has("x")
    assert not observed.is_graph("x")
    assert observed.state() == "gone"
    faulty.fails = False
    observed.has("x")
    assert observed.state() == "there"


def test_an_edit_that_was_cut_short_is_finished_when_the_server_is_back(folder: VisualMemory, collection: str) -> None:
    class Gone(InProcessServer):
        gone = False

        def upsert(self, collection: str, rows) -> None:  # type: ignore[no-untyped-def]
            if self.gone:
                raise ServerError("the server does not answer")
            super().upsert(collection, rows)

    server = Gone()
    push.push(folder, server, collection)
    with opened(server, collection) as shared:
        told = []
        shared.changed(lambda changes: told.append(changes.ids))
        server.gone = True
        with pytest.raises(ServerError):
            shared.strike([1, 2])
        server.gone = False
        done = shared.finish()
        assert done is not None and done.name == "Strike out 2 exemplars" and done.ids == (1, 2)
        assert told == [(1, 2)]
        assert [e.state for e in shared.catalog.get([1, 2])] == ["struck", "struck"]
        assert shared.finish() is None


def _is_memory(shared: SharedMemory) -> Memory:
    return shared  # by mypy: a shared memory is what a window asks for
