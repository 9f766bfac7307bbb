"""The rows of a shared memory as they are listed: the exemplars that there are and their labels, without vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.memory.protocol import NOT_WHOLE
from visualmemory_gui.engine.shared_memory.candidates import LabelTable
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits, RowsSince
from visualmemory_gui.engine.shared_memory.shared_row import SharedRow
from visualmemory_gui.engine.shared_memory.shared_store import NOT_WITHDRAWN, SharedStore
from visualmemory_gui.engine.snapshot import Rows, Snapshot, WorkingSet
from visualmemory_gui.engine.store.exemplar_row import effective_trust
from visualmemory_gui.engine.types import F64, I64, Bools

MOST = 1_000_000
"""Rows that are listed at most, those of the lowest ids: 25 MB."""
COLUMNS = ("id", "label", "state", "trust", "derived")


@dataclass(frozen=True, slots=True)
class _Listed:
    """Columns of the rows that are not withdrawn, by id; ``label`` is the number of a shared label."""

    ids: I64
    label: I64
    active: Bools
    trust: F64

    @classmethod
    def of(cls, rows: list[tuple[int, int, bool, float]]) -> _Listed:
        rows = sorted(rows)
        return cls(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.int64),
            np.array([row[2] for row in rows], bool),
            np.array([row[3] for row in rows], np.float64),
        )

    def with_rows(self, rows: Mapping[int, SharedRow]) -> _Listed:
        """The same with ``rows`` in place of those of their ids."""
        stays = ~np.isin(self.ids, list(rows))
        more = _Listed.of([(row.id, row.label, row.active, row.voice) for row in rows.values() if not row.withdrawn])
        return self._kept(stays)._joined(more)

    def _kept(self, stays: Bools) -> _Listed:
        return _Listed(self.ids[stays], self.label[stays], self.active[stays], self.trust[stays])

    def _joined(self, more: _Listed) -> _Listed:
        ids = np.concatenate([self.ids, more.ids])
        order = np.argsort(ids)
        return _Listed(
            ids[order],
            np.concatenate([self.label, more.label])[order],
            np.concatenate([self.active, more.active])[order],
            np.concatenate([self.trust, more.trust])[order],
        )

    def snapshot(self, labels: LabelTable, change: int) -> Snapshot:
        """As arrays that are listed from. Raises DamagedMemory."""
        numbers = np.unique(self.label)
        labels.require(numbers.tolist())
        code_of = np.array([labels.code_of[number] for number in numbers.tolist()], np.int32)
        none = np.zeros(len(self.ids), np.int64)
        rows = Rows(
            ids=self.ids,
            label=code_of[np.searchsorted(numbers, self.label)] if len(numbers) else np.empty(0, np.int32),
            labels=labels.paths,
            active=self.active,
            trust=self.trust,
            content=none,
            group=none,
            twin=self.ids,
            change=none,
            image=none,
        )
        return WorkingSet(rows, change=change, load_vectors=_no_vectors).snapshot


class SharedListing:
    """Keeps the rows that were listed last, and reads them again where the memory has changed since.

    ``read`` is called in one thread at a time, ``snapshot`` in any.
    """

    def __init__(self, store: SharedStore, own: OwnEdits) -> None:
        self._store = store
        self._own = own
        self._since: RowsSince | None = None
        self._listed = _Listed.of([])
        self.snapshot = self._listed.snapshot(LabelTable.of({}), 0)

    def read(self) -> Iterator[None]:
        """Bring ``snapshot`` up to the memory as it is now, a page of the server at a time. Raises ServerError."""
        since = self._since
        if since is None or not since.alone or since.change != self._own.change:
            yield from self._read_all()
        elif since.rows:
            written = dict(since.rows)
            since.rows = {}
            self._take(self._listed.with_rows(written))

    def _read_all(self) -> Iterator[None]:
        if self._since is not None:
            self._own.leave(self._since)
            self._since = None
        since = self._own.follow()
        rows: list[tuple[int, int, bool, float]] = []
        for page in self._store.column_pages(COLUMNS, NOT_WITHDRAWN):
            for row in page:
                trust = effective_trust(_factor(row["trust"]), _factor(row["derived"]))
                rows.append((_whole(row["id"]), _whole(row["label"]), row["state"] == 0, trust))
            if len(rows) >= MOST:
                break
            yield
        self._take(_Listed.of(rows[:MOST]))
        self._since = since

    def _take(self, listed: _Listed) -> None:
        labels = self._own.labels()
        if not set(np.unique(listed.label).tolist()) <= labels.labels.keys():
            labels = self._own.labels(now=True)
        self._listed, self.snapshot = listed, listed.snapshot(labels, self._own.change)


def _factor(value: object) -> float | None:
    return float(value) or None  # type: ignore[arg-type]


def _whole(value: object) -> int:
    return int(value)  # type: ignore[call-overload,no-any-return]


def _no_vectors(rows: I64) -> NoReturn:
    raise BadValue(NOT_WHOLE)
