"""Edits of a shared memory: seen by the next decision, undone exactly, and finished when they were cut short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tests.conftest import COLOURS, clustered, paint_image
from tests.engine.shared_memory.conftest import DIM, REAL, opened
from tests.engine.shared_memory.test_decide import bare
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import (
    BadValue,
    EncoderMismatch,
    MemoryLocked,
    ReadOnlyMemory,
    ServerError,
    UnknownExemplar,
)
from visualmemory_gui.engine.exchange.merge import merge
from visualmemory_gui.engine.files import installation
from visualmemory_gui.engine.shared_memory import own_edits, push
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.server import Found, Read, Server, ServerRow
from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.types import Changes

QUERIES = clustered(6, dim=DIM, classes=5, seed=9)[0]
Editable = VisualMemory | SharedMemory

EDITS: dict[str, Callable[[Editable], Changes]] = {
    "strike": lambda m: m.strike([1, 2, 12]),
    "restore": lambda m: m.restore([3]),
    "relabel": lambda m: m.relabel([4, 5], "class 1"),
    "relabel to a new class": lambda m: m.relabel([8], "new/one"),
    "relabel each": lambda m: m.relabel_each({"a": [9], "b": [10, 11]}),
    "reweigh": lambda m: m.reweigh([1, 5], 0.5),
    "rename": lambda m: m.rename_label("class 9", "class 8"),
}


def state(m: Editable) -> list[tuple[object, ...]]:
    """All exemplars as they are listed, but for the time they were added."""
    pages = [m.catalog.pages(), m.catalog.pages(state="withdrawn")]
    return [(e.id, e.label, e.state, e.trust) for listed in pages for page in listed for e in page]


def test_every_edit_does_what_it_does_in_a_folder_and_the_next_decision_sees_it(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    push.push(folder, server, collection)
    folder.history.baseline()
    with opened(server, collection) as shared:
        before = state(shared)
        for name, edit in EDITS.items():
            there, here = edit(shared), edit(folder)
            assert (there.edit, there.ids) == (here.edit, here.ids), name
            for query in QUERIES:
                assert bare(shared.decide_vector(query)) == bare(folder.decide_vector(query)), name
        assert state(shared) == state(folder)
        assert shared.class_counts() == folder.class_counts()
        assert [s.name for s in shared.history.steps()] == [s.name for s in folder.history.steps()]
        for _ in EDITS:
            assert shared.undo().edit == folder.undo().edit
        assert state(shared) == before == state(folder)
        assert shared.undo().edit is None
        for _ in EDITS:
            assert shared.redo().edit == folder.redo().edit
        assert state(shared) == state(folder)
        assert shared.class_counts() == folder.class_counts()
        assert bare(shared.decide_vector(QUERIES[0])) == bare(folder.decide_vector(QUERIES[0]))


def test_what_changes_nothing_makes_no_step_and_what_is_refused_changes_nothing(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    push.push(folder, server, collection)
    with opened(server, collection) as shared:
        assert shared.strike([3]).edit is None
        assert shared.reweigh([6], 2.0).edit is None
        before = state(shared)
        for refused, error in (
            (lambda: shared.strike([1, 9999]), UnknownExemplar),
            (lambda: shared.reweigh([1], 0.0), BadValue),
            (lambda: shared.relabel([1], "a//b"), BadValue),
            (lambda: shared.history.revert(1), BadValue),
            (lambda: shared.rename_label("none", "a"), BadValue),
        ):
            with pytest.raises(error):
                refused()
        assert state(shared) == before
        assert shared.history.steps() == []
    with opened(server, collection, readonly=True) as reader, pytest.raises(ReadOnlyMemory):
        reader.strike([1])


def test_images_are_taught_and_an_image_that_is_here_is_reported(
    memory: VisualMemory, server: Server, collection: str
) -> None:
    push.push(memory, server, collection)
    cat = paint_image(COLOURS["animals/cat"], seed=5000)
    with opened(server, collection) as shared:
        result = shared.add_images([cat, cat], "tabby")
        assert result.added == (19,) and result.ids == (19, 19)
        decision = shared.decide(cat)
        assert decision.in_memory[0].id == 19
        assert decision.neighbours[0].id == 19
        assert decision.neighbours[0].distance == pytest.approx(0, abs=1e-6)
        again = shared.add_images([cat], "animals/cat")
        assert again.conflicts == {0: (19, "tabby")}
        assert shared.add_images([cat], "tabby").added == ()
        assert shared.catalog.thumbnail(19) is not None
        assert shared.undo().edit == "Teach 1 as animals/cat" or shared.history.steps()
        assert [step.name for step in shared.history.steps()][-1].startswith(("Teach", "Add"))
    with opened(server, collection) as later:
        assert later.add_images([paint_image(COLOURS["animals/cat"], seed=5001)], "tabby").added > (20,)


def test_a_step_of_another_session_is_undone_and_one_step_alone_reverted(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    push.push(folder, server, collection)
    with opened(server, collection) as shared:
        before = state(shared)
        shared.strike([1])
        shared.relabel([1, 2], "x")
    with opened(server, collection) as shared:
        first = shared.history.steps()[-1]
        changes = shared.history.revert(first.number)
        assert (changes.restored, changes.left) == ((1,), ())
        shared.undo()
        shared.undo()
        shared.undo()
        assert state(shared) == before


def test_a_new_memory_of_an_old_name_has_none_of_its_history(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    push.push(folder, server, collection)
    with opened(server, collection) as shared:
        shared.strike([1])
    for part in ("", "_images", "_labels", "_meta"):
        server.drop(collection + part)
    folder.strike([1])
    push.push(folder, server, collection)
    with opened(server, collection, readonly=True) as shared:
        assert shared.history.steps() == []
    with opened(server, collection) as shared:
        assert shared.undo().edit is None
        assert shared.catalog.get([1])[0].state == "struck"


def test_what_another_client_has_changed_since_is_left_by_undo(
    folder: VisualMemory, server: Server, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if REAL:  # which shows what others wrote a moment later
        monkeypatch.setattr(own_edits, "RECENT_S", 0.0)
    push.push(folder, server, collection)
    with opened(server, collection) as shared:
        shared.relabel([1, 2], "mine")
        _edit_elsewhere(server, collection, 1, struck=True, label=1)
        changes = shared.undo()
        assert (changes.relabelled, changes.left) == ((2,), (1,))


def _edit_elsewhere(server: Server, collection: str, exemplar: int, **what: object) -> None:
    """As a client on another machine writes."""
    store = SharedStore.open(server, collection)
    [row] = store.rows([exemplar]).values()
    store.write([row.changed(what, "another machine")])  # type: ignore[arg-type]
    store.put("change", store.change() + 1)


class Cut(InProcessServer):
    """Fails at the n-th write, before it or after it, as a connection does that is cut."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None
        self.after = False

    def upsert(self, collection: str, rows: Sequence[ServerRow]) -> None:
        if self.left is not None and not collection.endswith("_meta"):
            self.left -= 1
            if self.left < 0:
                if self.after:
                    super().upsert(collection, rows)
                raise ServerError("the server of this test does not answer")
        super().upsert(collection, rows)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [0, 1])
def test_an_edit_that_is_cut_short_is_finished_by_the_next_one_or_the_next_opening(
    folder: VisualMemory, collection: str, at: int, after: bool
) -> None:
    server = Cut()
    push.push(folder, server, collection)
    folder.history.baseline()
    for reopened in (False, True):
        with opened(server, collection) as shared:
            server.left, server.after = at, after
            with pytest.raises(ServerError, match="does not answer"):
                shared.strike([11 + reopened])
            server.left = None
            if not reopened:
                shared.relabel([20], "y")
        with opened(server, collection) as shared:
            assert (shared.maintenance.finished_edit is not None) == reopened
            assert shared.catalog.get([11 + reopened])[0].state == "struck"
            counts = {label: n for label, n in shared.class_counts().items() if n}
            assert counts == _recounted(shared)
            assert shared.undo().edit == ("Strike out 1 exemplar" if reopened else "Relabel 1 exemplar to y")


def _recounted(m: SharedMemory) -> dict[str, int]:
    labels = [e.label for page in m.catalog.pages(state="active") for e in page]
    return {label: labels.count(label) for label in sorted(set(labels))}


def test_without_a_journal_a_cut_edit_is_lost(folder: VisualMemory, collection: str) -> None:
    """The control: what makes the test before pass is the journal."""
    server = Cut()
    push.push(folder, server, collection)
    with opened(server, collection) as shared:
        server.left = 0
        with pytest.raises(ServerError):
            shared.strike([11])
        server.left = None
        assert shared._editor is not None
        shared._editor._journal.take_back()
    with opened(server, collection) as shared:
        assert shared.maintenance.finished_edit is None
        assert shared.catalog.get([11])[0].state == "active"


def test_a_cut_edit_whose_exemplars_were_edited_elsewhere_is_taken_back(folder: VisualMemory, collection: str) -> None:
    server = Cut()
    push.push(folder, server, collection)
    with opened(server, collection) as shared:
        server.left = 1
        with pytest.raises(ServerError):
            shared.strike([11, 12])
        server.left = None
        _edit_elsewhere(server, collection, 11, trust=0.5)
        _edit_elsewhere(server, collection, 12, trust=0.5)
    with opened(server, collection) as shared:
        assert shared.maintenance.finished_edit is not None and shared.maintenance.finished_edit.name is None
        assert [e.state for e in shared.catalog.get([11, 12])] == ["active", "active"]
        assert shared.history.steps() == []
        assert shared.class_counts() == _recounted(shared)


def test_an_own_edit_is_seen_before_the_server_has_caught_up(folder: VisualMemory, collection: str) -> None:
    now = [0.0]
    server = InProcessServer(lag_s=3600.0, clock=lambda: now[0])
    push.push(folder, server, collection)
    now[0] = 7200.0
    with opened(server, collection) as shared:
        query = QUERIES[0]
        shared.decide_vector(query)
        [nearest] = shared.decide_vector(query, k=1, rule="rank").neighbours
        changes, _ = shared.strike([nearest.id]), folder.strike([nearest.id])
        assert changes.struck == (nearest.id,)
        [new] = shared.add_vectors(query[None], "mine")
        assert folder.add_vectors(query[None], "mine") != [] and new > 310
        there, here = (m.decide_vector(query, rule="rank") for m in (shared, folder))
        assert [n.distance for n in there.neighbours] == [n.distance for n in here.neighbours]
        assert there.shares == here.shares
        assert there.neighbours[0].label == "mine"


class Asked(InProcessServer):
    """Notes how fresh each answer about exemplars had to be."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[Read] = []

    def query(self, collection: str, *rest: Any, read: Read = "strong", **more: Any) -> list[ServerRow]:
        self.reads += [read] if not collection.endswith("_meta") else []
        return super().query(collection, *rest, read=read, **more)

    def search(self, collection: str, *rest: Any, read: Read, **more: Any) -> list[list[Found]]:
        self.reads.append(read)
        return super().search(collection, *rest, read=read, **more)


def test_the_decision_after_an_own_edit_waits_for_nothing(memory: VisualMemory, collection: str) -> None:
    server = Asked()
    push.push(memory, server, collection)
    cat = paint_image(COLOURS["animals/cat"], seed=5000)
    with opened(server, collection) as shared:
        shared.decide(cat)
        [new] = shared.add_images([cat], "animals/cat").added
        server.reads.clear()
        decision = shared.decide(cat)
        assert [one.id for one in decision.in_memory] == [new]
        assert set(server.reads) == {"bounded"}


def test_the_first_edit_sees_all_that_others_wrote_and_those_after_it_wait_for_nothing(
    folder: VisualMemory, collection: str
) -> None:
    server = Asked()
    push.push(folder, server, collection)
    with opened(server, collection) as shared:
        edits: list[tuple[Callable[[], object], list[Read]]] = [
            (lambda: shared.strike([1]), ["strong", "strong"]),  # the labels, and the rows
            (lambda: shared.strike([1, 2]), ["bounded"]),
            (lambda: shared.relabel([1, 2], "class 1"), ["bounded"]),
            (lambda: shared.undo(), ["bounded"]),
            (lambda: shared.reweigh([4], 0.5), ["bounded"]),
        ]
        for edit, reads in edits:
            server.reads.clear()
            edit()
            assert server.reads == reads
        assert [e.state for e in shared.catalog.get([1, 2])] == ["struck", "struck"]


def test_images_of_another_encoder_of_that_name_are_refused_and_nothing_changes(
    memory: VisualMemory, server: Server, collection: str
) -> None:
    push.push(memory, server, collection)
    identity = memory.identity.to_json()
    SharedStore.open(server, collection).put("encoder", {**identity, "weights_sha256": "ab" * 32})
    cat = paint_image(COLOURS["animals/cat"], seed=5000)
    with opened(server, collection) as shared:
        before = state(shared)
        uses: list[Callable[[], object]] = [
            lambda: shared.decide(cat),
            lambda: shared.add_images([cat], "animals/cat"),
            lambda: merge(shared, memory),
            lambda: merge(memory, shared),
        ]
        for use in uses:
            with pytest.raises(EncoderMismatch):
                use()
        assert state(shared) == before == state(memory)
        assert shared.history.steps() == []


def test_reading_leaves_nothing_on_this_machine(folder: VisualMemory, server: Server, collection: str) -> None:
    push.push(folder, server, collection)
    with opened(server, collection, readonly=True) as reader:
        reader.decide_vector(QUERIES[0])
        assert reader.history.steps() == []
    assert not (installation.data_folder() / "shared").exists()


def test_one_client_edits_and_others_read(folder: VisualMemory, server: Server, collection: str) -> None:
    push.push(folder, server, collection)
    with opened(server, collection) as shared, opened(server, collection, readonly=True) as reader:
        with pytest.raises(MemoryLocked, match="is being edited by"):
            opened(server, collection)
        shared.strike([1])
        assert 1 not in [n.id for n in reader.decide_vector(folder.catalog.vectors([1])[0]).neighbours]


def test_vectors_of_another_length_are_refused(folder: VisualMemory, server: Server, collection: str) -> None:
    push.push(folder, server, collection)
    with opened(server, collection) as shared, pytest.raises(BadValue):
        shared.add_vectors(np.ones((1, DIM + 1), np.float32), "a")
