"""The lease: one client at a time edits a shared memory. It runs out when its holder no longer renews it.

A server cannot compare and set. So a client that wants the lease writes that it has it, waits, and looks whether it
still does. The holder counts up every few seconds; when it no longer does, another may take the lease. Times are those
of this machine's own clock, which cannot be set back.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from visualmemory_gui.engine.errors import DamagedMemory, MemoryLocked, ServerError
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore

NAME = "lease"


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """In seconds: how often a lease is renewed, after what time without it is taken, how long a taker waits to be sure,
    and after what time without it the holder acknowledges nothing more."""

    renew_s: float = 5.0
    expire_s: float = 20.0
    settle_s: float = 2.0
    stop_s: float = 10.0


USUAL_TIMES = LeaseTimes()


class Lease:
    """Held from ``acquire`` to ``release``, and renewed in a thread meanwhile.

    ``owner`` names this machine's journal, which one process at a time holds.
    """

    def __init__(
        self,
        store: SharedStore,
        owner: str,
        *,
        times: LeaseTimes = USUAL_TIMES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._machine = owner
        self._owner = f"{owner}:{secrets.token_hex(4)}"
        self._times = times
        self._clock = clock
        self._counter = 0
        self._renewed = 0.0
        self._lost: str | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self) -> None:
        """Take the lease. Raises MemoryLocked, naming who has it, after watching whether it is renewed."""
        found = self._read()
        self._counter = _counter(found)
        if found.get("owner") and not self._is_of_this_machine(found):
            self._watch(found)
        self._write()
        time.sleep(self._times.settle_s)
        self._require_own()
        self._renewed = self._clock()
        self._thread = threading.Thread(target=self._renew_until_ended, name="lease of a shared memory", daemon=True)
        self._thread.start()

    def require(self) -> None:
        """Raise MemoryLocked where the lease was lost, and ServerError where the server did not answer for so long that
        it may be: that ends with the next renewal."""
        if self._lost is not None:
            raise MemoryLocked(self._lost)
        if self._clock() - self._renewed > self._times.stop_s:
            raise ServerError(
                f"the lease on {self._store.collection} could not be renewed for {self._times.stop_s:g} s, because "
                f"{self._store.server.name} did not answer"
            )

    def release(self) -> None:
        """Give the lease back, if it is still held."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            try:
                if self._lost is None and self._read().get("owner") == self._owner:
                    self._write(owner="")
            except ServerError:
                pass  # then it expires

    def _watch(self, found: dict[str, Any]) -> None:
        """Wait until the lease has expired. Raises MemoryLocked when it is renewed."""
        end = self._clock() + self._times.expire_s
        while self._clock() < end:
            time.sleep(min(self._times.renew_s / 2, self._times.expire_s))
            now = self._read()
            if now.get("owner") == "":
                break
            if now != found:
                raise MemoryLocked(
                    f"{self._store.collection} is being edited by {_who(now)}. Close it there, or open it for reading."
                )
        self._counter = _counter(self._read())

    def _renew_until_ended(self) -> None:
        while not self._ended.wait(self._times.renew_s):
            try:
                self._require_own()
                began = self._clock()
                self._write()
                self._renewed = began
            except MemoryLocked as error:
                self._lost = str(error)
                return
            except ServerError:
                continue

    def _require_own(self) -> None:
        now = self._read()
        if now.get("owner") != self._owner:
            raise MemoryLocked(
                f"{self._store.collection} is being edited by {_who(now)}, who took the lease. "
                "Close it there, and open it again."
            )

    def _is_of_this_machine(self, found: dict[str, Any]) -> bool:
        """Whether it was left by a process of this machine that ended: its journal is locked by this one now."""
        return str(found.get("owner")).split(":")[0] == self._machine

    def _read(self) -> dict[str, Any]:
        """What is kept of the lease; nothing where that is none."""
        try:
            found = self._store.get(NAME)
        except DamagedMemory:
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, *, owner: str | None = None) -> None:
        self._counter += 1
        who = {"user": os.environ.get("USER", ""), "host": socket.gethostname(), "pid": os.getpid()}
        self._store.put(NAME, {"owner": self._owner if owner is None else owner, "counter": self._counter, **who})


def _counter(found: dict[str, Any]) -> int:
    counter = found.get("counter")
    return counter if type(counter) is int else 0


def _who(found: dict[str, Any]) -> str:
    user, host, pid = (str(found.get(name, "?"))[:80] for name in ("user", "host", "pid"))
    return f"{user or 'someone'} on {host} (process {pid})"
