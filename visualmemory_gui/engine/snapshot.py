"""The memory as decisions see it: an immutable snapshot of arrays, replaced by reference after each edit.

Arrays grow in place behind the snapshots that were handed out (a snapshot only ever looks at its own first n rows) and
are copied before a value that a snapshot can see is changed. So an edit of 100,000 exemplars costs microseconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.errors import UnknownExemplar
from visualmemory_gui.engine.types import F32, F64, I32, I64, Bools

LOAD_ROWS = 16_384

Scalar = TypeVar("Scalar", bound=np.generic)


class Column(Generic[Scalar]):
    """An array that grows at its end without moving what was handed out, (n,) or (n, d).

    Of ``values`` the first ``n`` are there (None: all), the others are room.
    """

    def __init__(self, values: npt.NDArray[Scalar], n: int | None = None) -> None:
        self._buffer = values
        self._n = len(values) if n is None else n

    def view(self) -> npt.NDArray[Scalar]:
        return self._buffer[: self._n]

    def append(self, values: npt.NDArray[Scalar]) -> None:
        end = self._n + len(values)
        if end > len(self._buffer):
            grown = np.empty((max(2 * len(self._buffer), end, 16), *self._buffer.shape[1:]), self._buffer.dtype)
            grown[: self._n] = self.view()
            self._buffer = grown
        self._buffer[self._n : end] = values
        self._n = end

    def replace(self, rows: I64, values: npt.ArrayLike) -> None:
        """Set ``rows`` in a fresh copy: arrays handed out before keep what they held."""
        fresh = np.empty_like(self._buffer)
        fresh[: self._n] = self.view()
        fresh[rows] = values
        self._buffer = fresh

    def overwrite(self, rows: I64, values: npt.NDArray[Scalar]) -> None:
        """Set ``rows`` where they stand: arrays handed out before see it too."""
        self._buffer[rows] = values


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows read from the store or about to join the working set; all arrays have length n.

    ``label`` holds codes into ``labels``, which are distinct.
    ``content``, ``group`` and ``twin`` are 64-bit hashes (of the picture's content id, the group's name and the
    vector's bytes); content 0 and group 0 mean none. ``change`` is the change number that last touched the row.
    """

    ids: I64
    label: I32
    labels: tuple[str, ...]
    active: Bools
    trust: F64
    content: I64
    group: I64
    twin: I64
    change: I64


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a decision reads. Row i of every array is one exemplar; ``ids`` are increasing.

    ``label`` holds codes into ``labels``; ``counts`` the active exemplars of each label. ``vectors`` is
    (n, d) float32 of unit length, fetched on first use. Exemplars withdrawn by undo are present but not active.

    ``touched`` are the rows in which it differs from the snapshot before, whose change number is ``previous``.
    ``row_change`` is at least the change number that last touched a row, as of this snapshot: it alone is shared with
    later snapshots, so that an edit does not copy it.
    """

    change: int
    ids: I64
    label: I32
    labels: tuple[str, ...]
    active: Bools
    trust: F64
    content: I64
    group: I64
    twin: I64
    row_change: I64
    counts: I64
    previous: int
    touched: I64
    fetch: Callable[[int], F32]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def vectors(self) -> F32:
        return self.fetch(len(self.ids))

    @property
    def active_count(self) -> int:
        return int(self.counts.sum())

    def rows_of(self, ids: Sequence[int] | I64) -> I64:
        """Rows of ``ids``, in their order. Raises UnknownExemplar for ids that are not here."""
        wanted = np.asarray(ids, np.int64)
        rows = self.ids.searchsorted(wanted)
        inside = np.minimum(rows, max(len(self.ids) - 1, 0))
        missing = wanted != self.ids[inside] if len(self.ids) else np.ones(len(wanted), bool)
        if missing.any():
            raise UnknownExemplar([int(i) for i in wanted[missing]])
        return rows.astype(np.int64)


class WorkingSet:
    """The one mutable holder of the arrays, owned by the memory and changed only under its edit lock.

    ``load_vectors(ids)`` reads the vectors of ``ids``, in their order, as (n, d) float32, when they are first needed:
    increasing parts of them, one after the other.
    """

    def __init__(self, rows: Rows, *, change: int, load_vectors: Callable[[I64], F32]) -> None:
        self._labels: tuple[str, ...] = ()
        self._code_of: dict[str, int] = {}
        self._load = load_vectors
        self._lock = threading.Lock()
        self._vectors: Column[np.float32] | None = None
        self._ids = Column(rows.ids)
        self._label = Column(self._codes(rows))
        self._active = Column(rows.active)
        self._trust = Column(rows.trust)
        self._content = Column(rows.content)
        self._group = Column(rows.group)
        self._twin = Column(rows.twin)
        self._change = Column(rows.change)
        self._counts = self._counted()
        self.snapshot = self._publish(change, previous=-1, touched=np.empty(0, np.int64))

    def apply(self, change: int, *, new: tuple[Rows, F32] | None = None, old: Rows | None = None) -> Snapshot:
        """Publish one new snapshot with ``new`` exemplars (ids above all present ones, and their vectors) and with what
        label, state and trust of the ``old`` ones, which are here, have become (ids increasing)."""
        before, touched = self.snapshot, []
        if old is not None:
            touched.append(self._update(old))
        if new is not None:
            self._append(*new)
            touched.append(np.arange(len(before), len(before) + len(new[0].ids)))
        rows = touched[0] if len(touched) == 1 else np.concatenate([np.empty(0, np.int64), *touched])
        self.snapshot = self._publish(change, previous=before.change, touched=rows)
        return self.snapshot

    def _append(self, rows: Rows, vectors: F32) -> None:
        codes = self._codes(rows)
        columns: tuple[tuple[Column[Any], npt.NDArray[Any]], ...] = (
            (self._ids, rows.ids),
            (self._label, codes),
            (self._active, rows.active),
            (self._trust, rows.trust),
            (self._content, rows.content),
            (self._group, rows.group),
            (self._twin, rows.twin),
            (self._change, rows.change),
        )
        with self._lock:
            if self._vectors is not None:
                self._vectors.append(vectors)
            for column, values in columns:
                column.append(values)
        self._counts = self._grown_counts()
        np.add.at(self._counts, codes[rows.active], 1)

    def _update(self, rows: Rows) -> I64:
        """Returns where ``rows`` stand."""
        at = self.snapshot.rows_of(rows.ids)
        codes = self._codes(rows)
        was_active, was_code = self._active.view()[at], self._label.view()[at]
        self._counts = self._grown_counts()
        np.subtract.at(self._counts, was_code[was_active], 1)
        np.add.at(self._counts, codes[rows.active], 1)
        if (was_active != rows.active).any():
            self._active.replace(at, rows.active)
        if (was_code != codes).any():
            self._label.replace(at, codes)
        if (self._trust.view()[at] != rows.trust).any():
            self._trust.replace(at, rows.trust)
        self._change.overwrite(at, rows.change)
        return at

    def _grown_counts(self) -> I64:
        """A copy of the counts with a place for every label."""
        counts = np.zeros(len(self._labels), np.int64)
        counts[: len(self._counts)] = self._counts
        return counts

    def _codes(self, rows: Rows) -> I32:
        """The labels of ``rows`` as codes of this set, which learns those that are new."""
        new = [label for label in rows.labels if label not in self._code_of]
        if new:
            self._code_of.update({label: len(self._labels) + i for i, label in enumerate(new)})
            self._labels = (*self._labels, *new)
        codes = np.array([self._code_of[label] for label in rows.labels], np.int32)
        return codes[rows.label]

    def _counted(self) -> I64:
        codes = self._label.view()[self._active.view()]
        return np.bincount(codes, minlength=len(self._labels)).astype(np.int64)

    def _fetch(self, n: int) -> F32:
        with self._lock:
            if self._vectors is None:
                self._vectors = self._loaded()
            return self._vectors.view()[:n]

    def _loaded(self) -> Column[np.float32]:
        """All vectors with room for a quarter more: the first one added would else copy the others, a second long."""
        ids = self._ids.view()
        first = self._load(ids[:LOAD_ROWS])
        buffer = np.empty((len(ids) + len(ids) // 4 + 16, first.shape[1]), np.float32)
        buffer[: len(first)] = first
        for start in range(LOAD_ROWS, len(ids), LOAD_ROWS):
            part = ids[start : start + LOAD_ROWS]
            buffer[start : start + len(part)] = self._load(part)
        return Column(buffer, len(ids))

    def _publish(self, change: int, *, previous: int, touched: I64) -> Snapshot:
        return Snapshot(
            change=change,
            ids=self._ids.view(),
            label=self._label.view(),
            labels=self._labels,
            active=self._active.view(),
            trust=self._trust.view(),
            content=self._content.view(),
            group=self._group.view(),
            twin=self._twin.view(),
            row_change=self._change.view(),
            counts=self._counts,
            previous=previous,
            touched=touched,
            fetch=self._fetch,
        )
