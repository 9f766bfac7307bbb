"""The own edits of the last seconds, laid over what the server answers until it has caught up with them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from visualmemory_gui.engine.shared_memory.candidates import LabelTable
from visualmemory_gui.engine.shared_memory.server import Read
from visualmemory_gui.engine.shared_memory.shared_row import SharedRow
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore

RECENT_S = 2.0
"""How long after an own edit a search is asked without waiting for it: until then that would take half a second."""
MOST_OWN = 2_000
"""Rows that are laid over an answer at most; after an edit of more, a search waits."""
FRESH_S = 1.0
"""How long it is taken for granted that others have changed no label."""


@dataclass(frozen=True, slots=True)
class Laid:
    """What to lay over an answer, by id, and how fresh the answer must be without it."""

    rows: Mapping[int, SharedRow]
    read: Read


@dataclass
class RowsSince:
    """Rows that this client wrote since answers were read at the change number ``change``, by id, as they are now.

    ``change`` moves on with each own edit. ``alone``: nothing else happened to the memory, as far as is known here.
    """

    change: int
    rows: dict[int, SharedRow] = field(default_factory=dict)
    alone: bool = True


@dataclass
class OwnEdits:
    """Rows that this client wrote lately, by id, as they are now; and the labels. May be called from any thread."""

    store: SharedStore
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _rows: dict[int, SharedRow] = field(default_factory=dict)
    _edited: float | None = None
    _searched: bool = False
    _labels: LabelTable | None = None
    _change: int = -1
    _looked: float = 0.0
    _followed: list[RowsSince] = field(default_factory=list)

    def follow(self) -> RowsSince:
        """What this client writes from now on, until ``leave``. Ask before the answers that it goes with."""
        since = RowsSince(self.change)
        with self._lock:
            self._followed.append(since)
        return since

    def leave(self, since: RowsSince) -> None:
        """Note no more of what ``follow`` gave."""
        with self._lock:
            self._followed = [one for one in self._followed if one is not since]

    def note(self, rows: Iterable[SharedRow], labels: LabelTable, change: int) -> None:
        """Rows as they were just written, the labels after it, and the change number."""
        written = {row.id: row for row in rows}
        with self._lock:
            self._rows.update(written)
            for since in self._followed:
                since.alone &= since.change + 1 == change
                since.change = change
                since.rows.update(written)
            self._labels, self._change = labels, change
            self._edited = self._looked = self.clock()

    def drop(self, ids: Iterable[int]) -> None:
        """Lay these rows over no answer any more."""
        with self._lock:
            for exemplar in ids:
                self._rows.pop(exemplar, None)
            for since in self._followed:
                since.alone = False

    @property
    def change(self) -> int:
        """The change number that the labels were read at, or an own edit made."""
        self.labels()
        return self._change

    def merged(self, found: Iterable[SharedRow], laid: Laid, wanted: Callable[[SharedRow], bool]) -> list[SharedRow]:
        """Rows that the server ``found``, with the ``laid`` ones over them, by id; of these only those ``wanted``."""
        rows = {**{row.id: row for row in found}, **laid.rows}
        return [row for _, row in sorted(rows.items()) if wanted(row)]

    def laid(self) -> Laid:
        """For the next search. The first of this client sees all that anyone wrote before it."""
        with self._lock:
            if not self._searched:
                self._searched = True
                return Laid(dict(self._rows), "strong")
            recent = self._edited is not None and self.clock() - self._edited < RECENT_S
            if recent and len(self._rows) <= MOST_OWN:
                return Laid(dict(self._rows), "bounded")
            self._rows.clear()
            return Laid({}, "session")

    def labels(self, *, now: bool = False) -> LabelTable:
        """The labels, read again where another client has edited the memory; ``now`` looks in any case."""
        with self._lock:
            if self._labels is None or now or self.clock() - self._looked > FRESH_S:
                change = self.store.change(read="strong" if self._labels is None or now else "session")
                if self._labels is None or now or change != self._change:
                    self._labels, self._change = LabelTable.of(self.store.labels()), change
                self._looked = self.clock()
            return self._labels

    def labels_of(self, rows: Iterable[SharedRow]) -> LabelTable:
        """The labels, read again where one of ``rows`` has another. Raises DamagedMemory where it is not there."""
        numbers = {row.label for row in rows}
        table = self.labels()
        return table if numbers <= table.labels.keys() else self.labels(now=True).require(numbers)
