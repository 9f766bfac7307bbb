"""One client edits at a time: the lease, who takes it when, and what its former holder may still do."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import pytest

from visualmemory_gui.engine.errors import MemoryLocked, ServerError
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.lease import NAME, Lease, LeaseTimes
from visualmemory_gui.engine.shared_memory.server import ServerRow
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.types import EncoderIdentity

TIMES = LeaseTimes(renew_s=0.02, expire_s=0.15, settle_s=0.03, stop_s=0.3)


class Unsteady(InProcessServer):
    """Answers nothing while it is ``gone``."""

    gone = False

    def upsert(self, collection: str, rows: Sequence[ServerRow]) -> None:
        if self.gone:
            raise ServerError("the server of this test does not answer")
        super().upsert(collection, rows)


@pytest.fixture
def server() -> Unsteady:
    return Unsteady()


@pytest.fixture
def store(server: Unsteady) -> SharedStore:
    return SharedStore.create(server, "m", EncoderIdentity("vectors", 4), graph=False)


@pytest.fixture
def held(store: SharedStore) -> Iterator[Lease]:
    lease = Lease(store, "first", times=TIMES)
    lease.acquire()
    yield lease
    lease.release()


def test_a_lease_that_is_renewed_is_not_taken_and_its_holder_is_named(held: Lease, store: SharedStore) -> None:
    with pytest.raises(MemoryLocked, match=r"being edited by .* on .* \(process \d+\)"):
        Lease(store, "second", times=TIMES).acquire()
    held.require()


def test_a_lease_given_back_is_taken_at_once(held: Lease, store: SharedStore) -> None:
    held.release()
    second = Lease(store, "second", times=TIMES)
    began = time.monotonic()
    second.acquire()
    assert time.monotonic() - began < TIMES.expire_s
    second.require()
    second.release()


def test_a_lease_that_is_no_longer_renewed_is_taken_and_its_holder_finds_out(
    held: Lease, store: SharedStore, server: Unsteady
) -> None:
    store.put(NAME, {"owner": "gone:1", "counter": 7})
    second = Lease(store, "second", times=TIMES)
    second.acquire()
    with pytest.raises(MemoryLocked, match="took the lease"):
        _until_refused(held)
    second.require()
    second.release()
    assert store.get(NAME)["owner"] == ""


def test_what_an_ended_process_of_this_machine_left_is_taken_without_watching(store: SharedStore) -> None:
    store.put(NAME, {"owner": "first:1", "counter": 7})
    lease = Lease(store, "first", times=LeaseTimes(renew_s=1.0, expire_s=3600.0, settle_s=0.0))
    lease.acquire()
    lease.require()
    lease.release()


def test_a_holder_that_cannot_renew_acknowledges_nothing_more_and_goes_on_once_it_can(
    held: Lease, server: Unsteady
) -> None:
    server.gone = True
    with pytest.raises(ServerError, match="could not be renewed"):
        _until_refused(held)
    server.gone = False
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            held.require()
            return
        except ServerError:
            time.sleep(0.01)
    pytest.fail("the lease was not renewed again")


def test_of_two_takers_the_one_that_wrote_last_has_it(store: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (Lease(store, name, times=TIMES) for name in ("first", "second"))
    sleep = time.sleep

    def overtaken(seconds: float) -> None:
        monkeypatch.setattr(time, "sleep", sleep)
        second.acquire()

    monkeypatch.setattr(time, "sleep", overtaken)
    with pytest.raises(MemoryLocked, match="took the lease"):
        first.acquire()
    second.require()
    second.release()


def _until_refused(lease: Lease) -> None:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        lease.require()
        time.sleep(0.01)
