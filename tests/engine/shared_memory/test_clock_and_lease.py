"""A clock that goes back, and a lease that expires while its holder still has the memory open."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from tests.engine.shared_memory.conftest import address_of, opened
from tests.engine.shared_memory.test_edits import state
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import MemoryLocked, ServerError
from visualmemory_gui.engine.files import installation
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.lease import LeaseTimes
from visualmemory_gui.engine.shared_memory.push import push
from visualmemory_gui.engine.shared_memory.server import Server, ServerRow
from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory

TIMES = LeaseTimes(renew_s=0.05, expire_s=0.4, settle_s=0.05, stop_s=0.2)


def test_a_clock_that_goes_back_changes_neither_history_nor_lease(
    folder: VisualMemory, server: Server, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(folder, server, collection)
    folder.history.baseline()
    hours, clock = count(1), time.time

    def going_back() -> float:
        """All but gRPC read it, which has its core compare the time that it reads with the computer's own."""
        asks = sys._getframe(1).f_globals["__name__"]
        return clock() - (0.0 if asks.startswith("grpc") else 3600.0 * next(hours))

    monkeypatch.setattr(time, "time", going_back)
    with opened(server, collection) as shared:
        for m in (shared, folder):
            m.strike([1])
            m.tags.put("first")
            m.relabel([2, 4], "new/class")
            m.add_vectors(folder.catalog.vectors([5, 6]), "taught")
            m.undo()
            m.redo()
            m.undo()
        assert [s.name for s in shared.history.steps()] == [s.name for s in folder.history.steps()]
        assert shared.history.steps()[-1].time > shared.history.steps()[0].time
        assert state(shared) == state(folder)
    with opened(server, collection) as shared:
        assert [tag.name for tag in shared.tags.all()] == ["first"]
        assert shared.redo().edit == "Teach 2 as taught"
        folder.redo()
        assert state(shared) == state(folder)


class DeafToRenewals(InProcessServer):
    """Takes no word of the lease from the client that is ``deaf``, as if its connection were lost."""

    deaf = False

    def upsert(self, collection: str, rows: Sequence[ServerRow]) -> None:
        if self.deaf and any(str(row.get("name", "")).startswith("lease") for row in rows):
            raise ServerError("the server of this test does not answer")
        super().upsert(collection, rows)


def test_who_lost_the_lease_is_told_before_the_next_edit_which_writes_nothing(
    folder: VisualMemory, collection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = DeafToRenewals(), InProcessServer()
    push(folder, first, collection)
    second._collections = first._collections
    with SharedMemory.open(address_of(collection), server=first, times=TIMES) as holder:
        holder.strike([1])
        first.deaf = True
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(installation, "data_folder", lambda: tmp_path / "another machine")
            other = SharedMemory.open(address_of(collection), server=second, times=TIMES)
        other.strike([2])
        before = state(other)
        with pytest.raises((ServerError, MemoryLocked), match=r"could not be renewed|took the lease"):
            holder.strike([4])
        first.deaf = False
        time.sleep(4 * TIMES.renew_s)
        with pytest.raises(MemoryLocked, match="took the lease"):
            holder.relabel([5], "x")
        assert state(other) == before
        assert [step.name for step in holder.history.steps()] == ["Strike out 1 exemplar"]
        other.close()
