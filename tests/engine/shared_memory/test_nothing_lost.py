"""A stream of edits, cut off at each write the server gets: what was acknowledged is there, what was not is whole."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence

import pytest

from tests.conftest import clustered
from tests.engine.shared_memory.conftest import DIM, address_of
from tests.engine.shared_memory.test_edits import state
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.lease import LeaseTimes
from visualmemory_gui.engine.shared_memory.push import push
from visualmemory_gui.engine.shared_memory.server import ServerRow
from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory

VECTORS, LABELS = clustered(40, dim=DIM, classes=3, seed=1)
EDITS = (
    lambda m: m.strike([1, 2, 3]),
    lambda m: m.relabel([2, 4], "new/class"),
    lambda m: m.add_vectors(VECTORS[30:32], "taught"),
    lambda m: m.undo(),
    lambda m: m.redo(),
    lambda m: m.reweigh([5], 0.5),
)
WRITES = 24
"""More writes than all of these edits make."""
MOMENTS = [(at, after) for at in range(WRITES) for after in (False, True) if os.environ.get("SOAK") or at % 2 == after]


class CutOff(InProcessServer):
    """From the write ``left`` on, nothing is reached any more; that write itself arrives if it is cut off ``after``."""

    left: int | None = None
    after = False

    def upsert(self, collection: str, rows: Sequence[ServerRow]) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                if self.left == -1 and self.after:
                    super().upsert(collection, rows)
                raise ServerError("the server of this test does not answer")
        super().upsert(collection, rows)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> list[list[tuple[object, ...]]]:
    """The state of a folder before these edits, and after each."""
    with VisualMemory.create(tmp_path_factory.mktemp("states") / "m.vmem", dim=DIM) as m:
        m.add_vectors(VECTORS[:30], LABELS[:30])
        m.history.baseline()
        found = [state(m)]
        for edit in EDITS:
            edit(m)
            found.append(state(m))
    return found


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> InProcessServer:
    """With the memory of 30 exemplars ``m``."""
    found = InProcessServer()
    with VisualMemory.create(tmp_path_factory.mktemp("filled") / "m.vmem", dim=DIM) as m:
        m.add_vectors(VECTORS[:30], LABELS[:30])
        push(m, found, "m")
    return found


@pytest.fixture
def server(filled: InProcessServer) -> CutOff:
    """The same, for one test."""
    found = CutOff()
    found._collections = copy.deepcopy(filled._collections)
    return found


def _opened(server: CutOff) -> SharedMemory:
    """The memory; its lease is renewed so late that the renewal is none of the writes."""
    times = LeaseTimes(renew_s=60.0, settle_s=0.0, stop_s=60.0)
    return SharedMemory.open(address_of("m"), server=server, times=times)


def _edit_until_cut(shared: SharedMemory) -> int:
    """How many edits were acknowledged."""
    for done, edit in enumerate(EDITS):
        try:
            edit(shared)
        except ServerError:
            return done
    return len(EDITS)


@pytest.mark.parametrize(("at", "after"), MOMENTS)
def test_an_acknowledged_edit_is_there_and_a_cut_one_is_finished(
    server: CutOff, states: list[list[tuple[object, ...]]], at: int, after: bool
) -> None:
    with _opened(server) as shared:
        server.left, server.after = at, after
        done = _edit_until_cut(shared)
    server.left = None
    with _opened(server) as shared:
        assert state(shared) in (states[done], states[min(done + 1, len(EDITS))])
        assert shared.maintenance.finished_edit is None or shared.maintenance.finished_edit.left == ()
        labels = [row[1] for row in state(shared) if row[2] == "active"]
        assert shared.class_counts() == {label: labels.count(label) for label in labels}
        assert shared.strike([20]).struck == (20,)


@pytest.mark.parametrize("at", [1, 2])
def test_without_the_journal_an_edit_stays_half_done(
    server: CutOff, states: list[list[tuple[object, ...]]], at: int
) -> None:
    """The control: the labels count what the rows do not say."""
    with _opened(server) as shared:
        server.left = at
        assert _edit_until_cut(shared) == 0
        assert shared._editor is not None
        shared._editor._journal.take_back()
    server.left = None
    with _opened(server) as shared:
        labels = [row[1] for row in state(shared) if row[2] == "active"]
        half = shared.class_counts() != {label: labels.count(label) for label in labels}
        assert half or state(shared) not in states[:1]
