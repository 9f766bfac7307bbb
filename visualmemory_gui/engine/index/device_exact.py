"""Exact search where there is a GPU: on it as long as it has room and works, else on the CPU."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from visualmemory_gui.engine.device.fallback import Fallback, fallbacks
from visualmemory_gui.engine.errors import DeviceError, DeviceReason
from visualmemory_gui.engine.index.base import NO_ROWS
from visualmemory_gui.engine.index.exact import ExactIndex
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, I64

if TYPE_CHECKING:
    from visualmemory_gui.engine.index.torch_exact import TorchExactIndex


class DeviceExactIndex:
    """``on_device`` for the snapshots of one memory, ``ExactIndex`` for all else. Safe from any thread.

    What the device cannot do is done again on the CPU, also in the middle of many queries, and from then on all of it:
    ``device`` becomes "cpu", and the fallback is noted. Snapshots that suppose exemplars are never uploaded;
    ``supposed_exemplars`` has what they have of the memory searched here.
    """

    kind: Literal["exact"] = "exact"

    def __init__(self, on_device: TorchExactIndex, *, threads: int = 1) -> None:
        self.device = on_device.device
        self._there: TorchExactIndex | None = on_device
        self._cpu = ExactIndex(threads=threads)
        self._giving_up = threading.Lock()

    @property
    def holder(self) -> str | None:
        there = self._there
        return there.device if there is not None and there.filled else None

    def where(self, snapshot: Snapshot) -> str:
        """The device on which ``snapshot`` is searched."""
        there = self._there
        if there is None or snapshot.supposes_exemplars or not there.takes(snapshot):
            return "cpu"
        try:
            if not there.fits(len(snapshot)):
                self._give_up("room")
        except DeviceError as error:
            self._give_up(error.reason)
        return self.device

    def candidates(self, snapshot: Snapshot, query: F32, count: int, *, excluded: I64 = NO_ROWS) -> I64:
        found = self._on_device(snapshot, query[None], count, excluded=[excluded], report=silent)
        return self._cpu.candidates(snapshot, query, count, excluded=excluded) if found is None else found[0]

    def candidates_many(
        self,
        snapshot: Snapshot,
        queries: F32,
        count: int,
        *,
        excluded: Sequence[I64] | None = None,
        report: Report = silent,
    ) -> Sequence[I64]:
        found = self._on_device(snapshot, queries, count, excluded=excluded, report=report)
        if found is None:
            return self._cpu.candidates_many(snapshot, queries, count, excluded=excluded, report=report)
        return found

    def follow(self, snapshot: Snapshot) -> None:
        there = self._there
        if there is not None and there.filled and self.where(snapshot) != "cpu":
            try:
                there.follow(snapshot)
            except DeviceError as error:
                self._give_up(error.reason)

    def close(self) -> None:
        """Erase the device; what is still searched is searched on the CPU, so that nothing is uploaded again."""
        there, self._there, self.device = self._there, None, "cpu"
        if there is not None:
            there.close()

    def _on_device(
        self, snapshot: Snapshot, queries: F32, count: int, *, excluded: Sequence[I64] | None, report: Report
    ) -> list[I64] | None:
        there = self._there
        if there is None or self.where(snapshot) == "cpu":
            return None
        try:
            return there.candidates_many(snapshot, queries, count, excluded=excluded, report=report)
        except DeviceError as error:
            self._give_up(error.reason)
            return None

    def _give_up(self, reason: DeviceReason) -> None:
        with self._giving_up:
            device = self.device
            if self._there is not None:
                self.close()
                fallbacks.note(Fallback("searching", device, reason))
