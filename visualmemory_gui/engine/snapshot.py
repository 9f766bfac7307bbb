"""The memory as decisions see it: an immutable snapshot of arrays, replaced by reference after each edit.

Arrays grow in place behind the snapshots that were handed out (a snapshot reads only its own first n rows) and are
copied before a value that a snapshot can see is changed. So an edit of 100,000 exemplars costs microseconds.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.errors import UnknownExemplar
from visualmemory_gui.engine.types import F32, F64, I32, I64, Bools

log = logging.getLogger(__name__)

LOAD_ROWS = 16_384
FEW_ROWS = 64  # to be compared with all others one by one; more are sorted
_NO_ROWS: I64 = np.empty(0, np.int64)

Scalar = TypeVar("Scalar", bound=np.generic)
Derived = TypeVar("Derived")


class Column(Generic[Scalar]):
    """An array, (n,) or (n, d), that grows at its end without moving what was handed out.

    The first ``n`` of ``values`` are in use (None: all), the rest is spare room. ``shown`` is what may be handed out.
    """

    def __init__(self, values: npt.NDArray[Scalar], n: int | None = None) -> None:
        self._buffer = values
        self.shown: npt.NDArray[Scalar] = values[:n]

    def append(self, values: npt.NDArray[Scalar]) -> None:
        start = len(self.shown)
        end = start + len(values)
        if end > len(self._buffer):
            grown = np.empty((max(2 * len(self._buffer), end, 16), *self._buffer.shape[1:]), self._buffer.dtype)
            grown[:start] = self.shown
            self._buffer = grown
        self._buffer[start:end] = values
        self.shown = self._buffer[:end]

    def replace(self, rows: list[int], values: Sequence[object]) -> None:
        """Set ``rows`` in a fresh copy: arrays handed out before keep what they held."""
        n, fresh = len(self.shown), np.empty_like(self._buffer)
        fresh[:n] = self.shown
        if len(rows) == 1:
            fresh[rows[0]] = values[0]
        else:
            fresh[rows] = values
        self._buffer, self.shown = fresh, fresh[:n]

    def overwrite(self, row: int, value: Any) -> None:
        """Set ``row`` in place: arrays handed out before see the change too."""
        self._buffer[row] = value


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows read from the store or about to join the working set; all arrays have length n.

    ``label`` holds codes into ``labels``, which are distinct.
    ``content``, ``group``, ``twin`` and ``image`` are 64-bit hashes (of the image's content id, the group's name, the
    vector's bytes, and the content id of the whole image, of which the exemplar may be a part); 0 means none, but for
    twin. ``change`` is the change number that last touched the row.
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
    image: I64

    @classmethod
    def supposed(
        cls, labels: Sequence[str], *, first: int, content: I64, twin: I64, image: I64, active: bool = True
    ) -> Rows:
        """Hypothetical exemplars for ``Snapshot.changed``: ids from ``first`` on, full trust, no group."""
        n, code_of = len(labels), {label: code for code, label in enumerate(dict.fromkeys(labels))}
        return cls(
            ids=np.arange(first, first + n),
            label=np.array([code_of[label] for label in labels], np.int32),
            labels=tuple(code_of),
            active=np.full(n, active),
            trust=np.ones(n),
            content=content,
            group=np.zeros(n, np.int64),
            twin=twin,
            change=np.zeros(n, np.int64),
            image=image,
        )


class Now(NamedTuple):
    """The fields of one exemplar that an edit can change, as they are now. Active: neither struck nor withdrawn."""

    id: int
    label: str
    active: bool
    trust: float
    change: int


Block = Callable[[int, F32], object]
"""Is given vectors (m, d) of consecutive rows, after the first of these rows."""


class LostVectors(Exception):
    """Vectors on disk that cannot be read as they were: the file was cut, altered or taken away."""


class DiskVectors(Protocol):
    """The vectors of the first ``count`` rows, on disk. Safe from any thread; all that reads raises LostVectors."""

    @property
    def count(self) -> int: ...

    @property
    def dim(self) -> int: ...

    def read(self, rows: I64, out: F32) -> None:
        """Those of ``rows`` (k,), into ``out`` (k, dim), which is in one run."""

    def each_block(self, work: Block) -> None:
        """``work`` on all of them, in parts of any order and in several threads."""

    def block(self, first: int, last: int) -> F32:
        """Those of the rows from ``first`` up to ``last``."""

    def without(self, rows: I64) -> DiskVectors:
        """Those that are left without ``rows``, which are increasing; this one stays as it is."""

    def erase_others(self) -> None:
        """Overwrite on disk what is not among the rows of this one. Raises StorageError."""


class RowVectors:
    """The vectors of a working set: in main memory, or the first of them on disk until all are wanted at once.

    ``ids()`` are those of all rows now. ``load(ids)`` reads vectors from the database: increasing parts, one after the
    other, or a few of any order. What cannot be read from the disk any more is read there. Safe from any thread.
    """

    def __init__(self, ids: Callable[[], I64], load: Callable[[I64], F32], disk: DiskVectors | None = None) -> None:
        self._ids = ids
        self._load = load
        self.lock = threading.RLock()
        self._disk: DiskVectors | None = disk
        self._column: Column[np.float32] | None = None  # of all rows, or of those after the ones on disk

    @classmethod
    def of(cls, vectors: F32) -> RowVectors:
        """``vectors`` (n, d) of rows that do not change."""
        found = cls(lambda: np.arange(len(vectors)), lambda ids: vectors[ids])
        found._column = Column(vectors)
        return found

    @property
    def on_disk(self) -> bool:
        return self._disk is not None

    @property
    def disk(self) -> DiskVectors | None:
        """Where the first of them are read from; None where all are in main memory, or not read yet."""
        return self._disk

    def all(self, n: int) -> F32:
        """Those of the first ``n`` rows (n, d), from now on in main memory."""
        with self.lock:
            if self._disk is not None:
                self._read_disk(self._disk)
            if self._column is None:
                self._column = Column(self._loaded(self._ids()), len(self._ids()))
            return self._column.shown[:n]

    def some(self, rows: I64, out: F32 | None = None) -> F32:
        """Those of ``rows`` (k,), a negative row reads any: (k, d), in ``out`` if it is given."""
        with self.lock:
            disk, column = self._disk, self._column
        if disk is None:
            vectors = self.all(len(self._ids())) if column is None else column.shown
            return vectors.take(rows, axis=0, out=out, mode="wrap")
        found = np.empty((len(rows), disk.dim), np.float32) if out is None else out
        try:
            self._some(disk, np.maximum(rows, 0), found)
        except LostVectors as lost:
            self._give_up(disk, lost)
            return self.some(rows, out)
        return found

    def each_block(self, n: int, work: Block) -> None:
        """``work`` on the first ``n`` of them, in parts of any order and, where they are on disk, in several threads.
        It is called again from the beginning where the disk fails."""
        disk = self._disk
        if disk is None:
            work(0, self.all(n))
            return

        def first(start: int, vectors: F32) -> None:
            if start < n:
                work(start, vectors[: n - start])

        try:
            disk.each_block(first)
            if n > disk.count:
                work(disk.count, self._rest(disk)[: n - disk.count])
        except LostVectors as lost:
            self._give_up(disk, lost)
            self.each_block(n, work)

    def block(self, first: int, last: int) -> F32:
        """Those of the rows from ``first`` up to ``last``, which are not brought into main memory for it."""
        disk = self._disk
        if disk is None:
            return self.all(last)[first:]
        try:
            found = disk.block(first, min(last, disk.count)) if first < disk.count else None
            if last <= disk.count and found is not None:
                return found
            rest = self._rest(disk)[max(first - disk.count, 0) : last - disk.count]
        except LostVectors as lost:
            self._give_up(disk, lost)
            return self.block(first, last)
        return rest if found is None else np.concatenate([found, rest])

    def append(self, vectors: F32) -> None:
        """Take in those of rows that are about to join the others; called under ``lock``."""
        if self._column is not None:
            self._column.append(vectors)
        elif self._disk is not None and self._disk.count == len(self._ids()):
            self._column = Column(vectors.copy())

    def without(self, kept: I64, gone: I64, ids: Callable[[], I64]) -> RowVectors | None:
        """Those of the rows ``kept``, without ``gone``, as another object; None where none have been read yet, or they
        cannot be. Both are increasing. Called under ``lock``."""
        rest, disk = RowVectors(ids, self._load), self._disk
        if disk is not None:
            try:
                rest._disk = disk.without(gone[gone < disk.count])
            except LostVectors:
                return None
            if disk.count < len(self._ids()):
                later = kept[kept >= disk.count] - disk.count
                rest._column = Column(self._rest(disk)[later])
            return rest
        if self._column is None:
            return None
        vectors = self._column.shown
        buffer, start = with_room(len(kept), vectors.shape[1]), 0
        for before, after in pairwise([-1, *gone.tolist(), len(vectors)]):
            part = vectors[before + 1 : after]
            buffer[start : start + len(part)] = part
            start += len(part)
        rest._column = Column(buffer, start)
        return rest

    def erase_others(self) -> None:
        """Overwrite what is on disk of other rows. Raises StorageError."""
        if self._disk is not None:
            self._disk.erase_others()

    def leave_to(self, disk: DiskVectors) -> None:
        """Keep the first ones on ``disk`` alone from now on, where they have just been written."""
        with self.lock:
            before = self._disk
            if self._column is None and before is None:
                later: F32 | None = None
            elif before is None:
                assert self._column is not None
                later = self._column.shown[disk.count :].copy()
            else:
                later = self._rest(before)[disk.count - before.count :].copy() if before.count <= disk.count else None
                if later is None:
                    return
            self._disk, self._column = disk, None if later is None or not len(later) else Column(later)

    def _some(self, disk: DiskVectors, rows: I64, out: F32) -> None:
        later = rows >= disk.count
        if not later.any():
            disk.read(rows, out)
            return
        out[later] = self._rest(disk)[rows[later] - disk.count]
        first = np.empty((len(rows) - int(later.sum()), disk.dim), np.float32)
        disk.read(rows[~later], first)
        out[~later] = first

    def _rest(self, disk: DiskVectors) -> F32:
        """Those of the rows after the ones on ``disk``. Raises LostVectors where it is no longer in use."""
        with self.lock:
            if self._disk is not disk:
                raise LostVectors("all vectors were read meanwhile")
            if self._column is None:
                ids = self._ids()[disk.count :]
                self._column = Column(self._loaded(ids) if len(ids) else np.empty((0, disk.dim), np.float32), len(ids))
            return self._column.shown

    def _read_disk(self, disk: DiskVectors) -> None:
        """Bring those on disk into main memory."""
        n = len(self._ids())
        rest, whole = self._rest(disk), with_room(n, disk.dim)

        def put(start: int, vectors: F32) -> None:
            whole[start : start + len(vectors)] = vectors

        try:
            disk.each_block(put)
        except LostVectors as lost:
            self._give_up(disk, lost)
            return
        whole[disk.count : n] = rest
        self._disk, self._column = None, Column(whole, n)

    def _give_up(self, disk: DiskVectors, lost: LostVectors) -> None:
        with self.lock:
            if self._disk is disk:
                log.warning("vectors are read from the database: the file of rows %s", lost)
                self._disk = self._column = None

    def _loaded(self, ids: I64) -> F32:
        first = self._load(ids[:LOAD_ROWS])
        found = with_room(len(ids), first.shape[1])
        found[: len(first)] = first
        for start in range(LOAD_ROWS, len(ids), LOAD_ROWS):
            part = ids[start : start + LOAD_ROWS]
            found[start : start + len(part)] = self._load(part)
        return found


class JoinedVectors:
    """The vectors of the snapshot ``before``, and behind them ``more`` (m, d), of exemplars that are not in the memory:
    joined only where all are wanted."""

    def __init__(self, before: Snapshot, more: F32) -> None:
        self.before, self.more = before, more
        self._whole: F32 | None = None

    @property
    def on_disk(self) -> bool:
        return self.before.on_disk

    def all(self, n: int) -> F32:
        if self._whole is None:
            self._whole = np.concatenate([self.before.vectors, self.more]) if len(self.before) else self.more
        return self._whole[:n]

    def some(self, rows: I64, out: F32 | None = None) -> F32:
        own = len(self.before)
        if not own:
            return np.take(self.more, rows, axis=0, out=out, mode="wrap")
        new = rows >= own
        found = self.before.vectors_of(np.where(new, 0, rows), out)
        found[new] = self.more[rows[new] - own]
        return found

    def block(self, first: int, last: int) -> F32:
        return self.some(np.arange(first, last))

    def each_block(self, n: int, work: Block) -> None:
        own = len(self.before)
        if own:
            self.before.stored.each_block(min(n, own), work)
        if n > own:
            work(own, self.more[: n - own])


def with_room(n: int, dim: int) -> F32:
    """An array for ``n`` vectors, with room for a quarter more: without it, adding one would copy them all, for a
    second."""
    return np.empty((n + n // 4 + 16, dim), np.float32)


def rows_with_copies(twin: I64) -> I64:
    """The rows, increasing, whose twin hash another row has too."""
    order = np.argsort(twin, kind="stable")
    equal = twin[order[1:]] == twin[order[:-1]]
    copied = np.zeros(len(twin), bool)
    copied[1:] |= equal
    copied[:-1] |= equal
    return np.sort(order[copied])


@dataclass(frozen=True, slots=True)
class TwinGroups:
    """The active exemplars of a snapshot that share their vector with another active one.

    Those of group i are ``rows[starts[i] : starts[i + 1]]``, increasing; ``number`` is the group of each row, -1 for
    the rows that are in none, (n,); empty where there are no groups.
    """

    rows: I64
    starts: I64
    number: I64

    @classmethod
    def of(cls, snapshot: Snapshot) -> TwinGroups:
        rows = snapshot.copied
        rows = rows[snapshot.active[rows]]
        if not len(rows):
            return cls(_NO_ROWS, np.zeros(1, np.int64), _NO_ROWS)
        rows = rows[np.argsort(snapshot.twin[rows], kind="stable")]
        twin, number = snapshot.twin[rows], np.full(len(snapshot), -1, np.int64)
        begins = np.ones(len(rows), bool)
        begins[1:] = twin[1:] != twin[:-1]
        place = np.cumsum(begins) - 1
        shared = np.bincount(place)[place] > 1
        rows, begins = rows[shared], begins[shared]
        number[rows] = np.cumsum(begins) - 1
        return cls(rows, np.append(np.flatnonzero(begins), len(rows)), number)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def members(self, group: int) -> I64:
        """The rows of one group, increasing."""
        return self.rows[self.starts[group] : self.starts[group + 1]]

    @property
    def later(self) -> I64:
        """All but the first row of each group."""
        return np.delete(self.rows, self.starts[:-1])


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
    image: I64
    row_change: I64
    counts: I64
    previous: int
    touched: I64
    stored: RowVectors | JoinedVectors
    copied_among: Callable[[int], I64]
    _derived: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def vectors(self) -> F32:
        """All of them, from now on in main memory: for what goes over them more than once."""
        return self.stored.all(len(self.ids))

    def vectors_of(self, rows: I64, out: F32 | None = None) -> F32:
        """The vectors of ``rows`` (k,), a negative row reads any: (k, d) float32, in ``out`` if it is given.

        Those of supposed exemplars are not joined to all the others for it, as they are for ``vectors``.
        """
        return self.stored.some(rows, out)

    def each_block(self, work: Block) -> None:
        """``work`` on all vectors, in parts of any order; where they are on disk in several threads, and again from the
        beginning if reading fails."""
        self.stored.each_block(len(self), work)

    def blocks(self, rows: int) -> Iterator[F32]:
        """All vectors in order, ``rows`` at a time; not brought into main memory for it."""
        for first in range(0, len(self), rows):
            yield self.stored.block(first, min(first + rows, len(self)))

    @property
    def on_disk(self) -> bool:
        """Whether vectors are read from the disk one by one, as not all of them are in main memory."""
        return self.stored.on_disk

    @property
    def supposes_exemplars(self) -> bool:
        """Whether it has exemplars that are not in the memory (``changed``)."""
        return isinstance(self.stored, JoinedVectors)

    @property
    def apart(self) -> tuple[Snapshot, Snapshot] | None:
        """The exemplars of the memory alone, and those behind them that are supposed, alone; None without such."""
        return self.derived(_apart)

    @property
    def copied(self) -> I64:
        """The rows, increasing, whose vector another row has too, or a row that was added later."""
        return self.copied_among(len(self.ids))

    @property
    def twin_groups(self) -> TwinGroups:
        """The active exemplars of equal vectors; worked out when first needed."""
        return self.derived(TwinGroups.of)

    @property
    def different(self) -> Snapshot:
        """The same with only the first active exemplar of each vector active: what a search for different vectors
        looks through."""
        without = self.derived(_without_twins)
        return self if without is None else without

    @property
    def active_count(self) -> int:
        return self.derived(_active_count)

    def derived(self, of: Callable[[Snapshot], Derived]) -> Derived:
        """What ``of`` makes of this snapshot and nothing else: called when it is first needed, then kept."""
        if of not in self._derived:
            self._derived[of] = of(self)
        found: Derived = self._derived[of]
        return found

    def class_counts(self) -> dict[str, int]:
        """Active exemplars by full label, of the labels that have any."""
        return {label: int(n) for label, n in zip(self.labels, self.counts, strict=True) if n}

    def rows_of(self, ids: Sequence[int] | I64) -> I64:
        """Rows of ``ids``, in their order. Raises UnknownExemplar for ids that are not in the snapshot."""
        wanted = np.asarray(ids, np.int64)
        if not len(self.ids) and len(wanted):
            raise UnknownExemplar(wanted.tolist())
        rows = self.ids.searchsorted(wanted)
        missing = self.ids.take(rows, mode="clip") != wanted
        if missing.any():
            raise UnknownExemplar(wanted[missing].tolist())
        return rows.astype(np.int64, copy=False)

    def rows_if_here(self, ids: I64) -> I64:
        """Rows of ``ids``, (n,); -1 for those that are not in the snapshot."""
        if not len(self.ids):
            return np.full(len(ids), -1, np.int64)
        rows = np.minimum(self.ids.searchsorted(ids), len(self.ids) - 1)
        return np.where(self.ids[rows] == ids, rows, -1)

    def among(self, rows: I64) -> Bools:
        """A mask of the rows that are among ``rows``, (n,)."""
        found = np.zeros(len(self), bool)
        found[rows] = True
        return found

    def changed(
        self,
        *,
        active: Bools | None = None,
        label: Mapping[int, str] | None = None,
        trust: F64 | None = None,
        more: tuple[Rows, F32] | None = None,
    ) -> Snapshot:
        """The memory as it would be with these rows ``active``, (n,), other labels by row, this ``trust``, (n,), and
        ``more`` exemplars with their vectors, (m, d), after its own. Nothing is written; the change number stays.
        """
        moved = label or {}
        named = self._naming((*(more[0].labels if more is not None else ()), *moved.values()))
        whole = named if more is None else named._longer(*more)
        codes, code_of = whole.label, {name: code for code, name in enumerate(whole.labels)}
        if moved:
            codes = codes.copy()
            codes[list(moved)] = [code_of[name] for name in moved.values()]
        lives = whole.active if active is None else np.append(active, whole.active[len(self) :])
        trusts = whole.trust if trust is None else np.append(trust, whole.trust[len(self) :])
        rows = np.flatnonzero((lives != whole.active) | (codes != whole.label))
        counts = whole.counts.copy()
        np.subtract.at(counts, whole.label[rows], whole.active[rows])
        np.add.at(counts, codes[rows], lives[rows])
        return replace(whole, label=codes, active=lives, trust=trusts, counts=counts)

    def _naming(self, labels: Iterable[str]) -> Snapshot:
        """With a code for each of ``labels``."""
        names = tuple(dict.fromkeys((*self.labels, *labels)))
        counts = np.append(self.counts, np.zeros(len(names) - len(self.counts), np.int64))
        return replace(self, labels=names, counts=counts)

    def _longer(self, rows: Rows, vectors: F32) -> Snapshot:
        """With ``rows``, whose labels have codes, after its own; vectors are joined when they are first needed."""
        code_of = {name: code for code, name in enumerate(self.labels)}
        codes = np.array([code_of[name] for name in rows.labels], np.int32)[rows.label]
        counts = self.counts.copy()
        np.add.at(counts, codes, rows.active)
        copied = cache(lambda: _more_copied(self.copied, np.append(self.twin, rows.twin), len(self)))
        return replace(
            self,
            ids=np.append(self.ids, rows.ids),
            label=np.append(self.label, codes),
            active=np.append(self.active, rows.active),
            trust=np.append(self.trust, rows.trust),
            content=np.append(self.content, rows.content),
            group=np.append(self.group, rows.group),
            twin=np.append(self.twin, rows.twin),
            image=np.append(self.image, rows.image),
            row_change=np.append(self.row_change, rows.change),
            counts=counts,
            stored=JoinedVectors(self, vectors),
            copied_among=lambda _: copied(),
        )


def _without_twins(snapshot: Snapshot) -> Snapshot | None:
    """None where no vector has a twin: a snapshot that held itself would outlive its last reader."""
    if not len(snapshot.twin_groups):
        return None
    active = snapshot.active.copy()
    active[snapshot.twin_groups.later] = False
    return snapshot.changed(active=active)


def _apart(snapshot: Snapshot) -> tuple[Snapshot, Snapshot] | None:
    own, supposed = snapshot, list[F32]()
    while isinstance(joined := own.stored, JoinedVectors):
        own = joined.before
        supposed.insert(0, joined.more)
    if own is snapshot:
        return None
    vectors, twin = RowVectors.of(np.concatenate(supposed)), snapshot.twin[len(own) :]
    beside = _part(snapshot, slice(len(own), None), vectors, lambda n: rows_with_copies(twin[:n]))
    return _part(snapshot, slice(len(own)), own.stored, own.copied_among), beside


def _part(
    snapshot: Snapshot, rows: slice, stored: RowVectors | JoinedVectors, copied_among: Callable[[int], I64]
) -> Snapshot:
    """These rows of ``snapshot`` as one of their own, whose vectors are ``stored``."""
    label, active = snapshot.label[rows], snapshot.active[rows]
    return replace(
        snapshot,
        ids=snapshot.ids[rows],
        label=label,
        active=active,
        trust=snapshot.trust[rows],
        content=snapshot.content[rows],
        group=snapshot.group[rows],
        twin=snapshot.twin[rows],
        image=snapshot.image[rows],
        row_change=snapshot.row_change[rows],
        counts=np.bincount(label[active], minlength=len(snapshot.labels)).astype(np.int64),
        touched=_NO_ROWS,
        stored=stored,
        copied_among=copied_among,
    )


def _active_count(snapshot: Snapshot) -> int:
    return int(snapshot.counts.sum())


class WorkingSet:
    """The one mutable holder of the arrays, owned by the memory and changed only under its edit lock.

    ``load_vectors(ids)`` reads the vectors of ``ids``, in their order, as (n, d) float32: increasing parts of them, one
    after the other, when all are first needed. ``disk``, where there is one, has those of the first rows.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        change: int,
        load_vectors: Callable[[I64], F32],
        disk: DiskVectors | None = None,
    ) -> None:
        self._labels: tuple[str, ...] = ()
        self._code_of: dict[str, int] = {}
        self._ids = Column(rows.ids)
        self._load = load_vectors
        self._vectors = RowVectors(lambda: self._ids.shown, load_vectors, disk)
        self._label = Column(self._codes(rows))
        self._active = Column(rows.active)
        self._trust = Column(rows.trust)
        self._content = Column(rows.content)
        self._group = Column(rows.group)
        self._twin = Column(rows.twin)
        self._image = Column(rows.image)
        self._change = Column(rows.change)
        self._copied: tuple[I64, int] | None = None  # rows that have copies, among how many
        self._counts = self._counted()
        self.snapshot = self._publish(change, previous=-1, touched=_NO_ROWS)

    @property
    def vectors(self) -> RowVectors:
        return self._vectors

    def apply(self, change: int, *, new: tuple[Rows, F32] | None = None, old: Sequence[Now] = ()) -> Snapshot:
        """Publish one new snapshot with ``new`` exemplars (ids above all present ones, and their vectors) and with the
        new state of the ``old`` ones, which it holds already (ids increasing)."""
        before, touched = self.snapshot, _NO_ROWS
        if old:
            touched = self._update(old)
        if new is not None:
            self._append(*new)
            added = np.arange(len(before), len(before) + len(new[0].ids))
            touched = np.concatenate((touched, added)) if old else added
        self.snapshot = self._publish(change, previous=before.change, touched=touched)
        return self.snapshot

    def without(self, ids: Iterable[int], *, change: int) -> WorkingSet | None:
        """A set of its own that lacks ``ids``, as of ``change``; snapshots of this one keep what they have in main
        memory. None where no vector has been read yet."""
        with self._vectors.lock:
            twin = self._twin.shown
            gone = np.flatnonzero(np.isin(self._ids.shown, list(ids)))
            kept = np.delete(np.arange(len(twin)), gone)
            names = np.bincount(self._label.shown[kept], minlength=len(self._labels)) > 0
            rows = Rows(
                ids=self._ids.shown[kept],
                label=(np.cumsum(names, dtype=np.int32) - 1)[self._label.shown[kept]],
                labels=tuple(name for name, used in zip(self._labels, names.tolist(), strict=True) if used),
                active=self._active.shown[kept],
                trust=self._trust.shown[kept],
                content=self._content.shown[kept],
                group=self._group.shown[kept],
                twin=twin[kept],
                change=self._change.shown[kept],
                image=self._image.shown[kept],
            )
            rest = WorkingSet(rows, change=change, load_vectors=self._load)
            vectors = self._vectors.without(kept, gone, lambda: rest._ids.shown)
            if self._copied is not None:
                copied, among = self._copied
                left = copied[~np.isin(copied, gone)]
                rest._copied = left - gone.searchsorted(left), among - int(gone.searchsorted(among))
        if vectors is None:
            return None
        rest._vectors = vectors
        rest.snapshot = rest._publish(change, previous=-1, touched=_NO_ROWS)
        return rest

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
            (self._image, rows.image),
            (self._change, rows.change),
        )
        with self._vectors.lock:
            self._vectors.append(vectors)
            for column, values in columns:
                column.append(values)
        counts = self._grown_counts()
        np.add.at(counts, codes[rows.active], 1)
        self._counts = counts

    def _update(self, old: Sequence[Now]) -> I64:
        """Returns the rows of ``old``. Usually it is one exemplar, for which numbers are faster than arrays."""
        for now in old:
            if now.label not in self._code_of:
                self._name([now.label])
        codes, active, trust = self._label.shown, self._active.shown, self._trust.shown
        labelled, switched, weighed = dict[int, int](), dict[int, bool](), dict[int, float]()
        counts, rows = self._grown_counts(), [self._row_of(now.id) for now in old]
        for row, (_, label, lives, trusted, change) in zip(rows, old, strict=True):
            code, was_code, lived = self._code_of[label], codes.item(row), active.item(row)
            if was_code != code:
                labelled[row] = code
            if lived != lives:
                switched[row] = lives
            if lived:
                counts[was_code] -= 1
            if lives:
                counts[code] += 1
            if trust.item(row) != trusted:
                weighed[row] = trusted
            self._change.overwrite(row, change)
        for column, values in ((self._label, labelled), (self._active, switched), (self._trust, weighed)):
            if values:
                column.replace(list(values), list(values.values()))
        self._counts = counts
        return np.array(rows, np.int64)

    def _row_of(self, exemplar: int) -> int:
        """Its row: usually as far from the first row as its id is from the first id."""
        ids = self._ids.shown
        guess = exemplar - ids.item(0) if len(ids) else 0
        return (
            guess
            if 0 <= guess < len(ids) and ids.item(guess) == exemplar
            else int(self.snapshot.rows_of([exemplar])[0])
        )

    def _grown_counts(self) -> I64:
        """A copy of the counts with a place for every label."""
        new = len(self._labels) - len(self._counts)
        return np.append(self._counts, np.zeros(new, np.int64)) if new else self._counts.copy()

    def _codes(self, rows: Rows) -> I32:
        """The labels of ``rows`` as codes of this set; new ones get a code."""
        self._name(rows.labels)
        codes = np.array([self._code_of[label] for label in rows.labels], np.int32)
        return codes[rows.label]

    def _name(self, labels: Iterable[str]) -> None:
        """Give a code to each label that has none."""
        new = [label for label in dict.fromkeys(labels) if label not in self._code_of]
        if new:
            self._code_of.update({label: len(self._labels) + i for i, label in enumerate(new)})
            self._labels = (*self._labels, *new)

    def _counted(self) -> I64:
        codes = self._label.shown[self._active.shown]
        return np.bincount(codes, minlength=len(self._labels)).astype(np.int64)

    def _copied_among(self, n: int) -> I64:
        with self._vectors.lock:
            twin = self._twin.shown
            if self._copied is None:
                self._copied = rows_with_copies(twin), len(twin)
            elif self._copied[1] < n:
                self._copied = _more_copied(self._copied[0], twin, self._copied[1]), len(twin)
            copied = self._copied[0]
        return copied[: copied.searchsorted(n)]

    def _publish(self, change: int, *, previous: int, touched: I64) -> Snapshot:
        return Snapshot(
            change=change,
            ids=self._ids.shown,
            label=self._label.shown,
            labels=self._labels,
            active=self._active.shown,
            trust=self._trust.shown,
            content=self._content.shown,
            group=self._group.shown,
            twin=self._twin.shown,
            image=self._image.shown,
            row_change=self._change.shown,
            counts=self._counts,
            previous=previous,
            touched=touched,
            stored=self._vectors,
            copied_among=self._copied_among,
        )


def _more_copied(copied: I64, twin: I64, known: int) -> I64:
    """``rows_with_copies`` of all of ``twin``, of whose first ``known`` rows ``copied`` are those."""
    if len(twin) - known > FEW_ROWS:
        return rows_with_copies(twin)
    found = [np.flatnonzero(twin == one) for one in twin[known:].tolist()]
    return np.unique(np.concatenate([copied, *(rows for rows in found if len(rows) > 1)]))
