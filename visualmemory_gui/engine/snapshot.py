"""The memory as decisions see it: an immutable snapshot of arrays, replaced by reference after each edit.

Arrays grow in place behind the snapshots that were handed out (a snapshot reads only its own first n rows) and are
copied before a value that a snapshot can see is changed. So an edit of 100,000 exemplars costs microseconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.errors import UnknownExemplar
from visualmemory_gui.engine.types import F32, F64, I32, I64, Bools

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


class Buffer(NamedTuple):
    """``vectors`` (m, d), of whose rows the first ``filled`` are read."""

    vectors: F32
    filled: int


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
    fetch: Callable[[int], F32]
    copied_among: Callable[[int], I64]
    _derived: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def vectors(self) -> F32:
        return self.fetch(len(self.ids))

    def vectors_of(self, rows: I64, out: F32 | None = None) -> F32:
        """The vectors of ``rows`` (k,), a negative row reads any: (k, d) float32, in ``out`` if it is given.

        Those of supposed exemplars are not joined to all the others for it, as they are for ``vectors``.
        """
        joined: tuple[Snapshot, F32] | None = self._derived.get("joined")
        if joined is None or not len(joined[0]):
            vectors = self.vectors if joined is None else joined[1]
            return np.take(vectors, rows, axis=0, out=out, mode="wrap")
        before, more = joined
        new = rows >= len(before)
        found = before.vectors_of(np.where(new, 0, rows), out)
        found[new] = more[rows[new] - len(before)]
        return found

    @property
    def supposes_exemplars(self) -> bool:
        """Whether it has exemplars that are not in the memory (``changed``)."""
        return "joined" in self._derived

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
        changed = replace(whole, label=codes, active=lives, trust=trusts, counts=counts)
        joined = self._derived.get("joined") if more is None else (self, more[1])
        if joined is not None:
            changed._derived["joined"] = joined
        return changed

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
        joined = cache(lambda: np.concatenate([self.vectors, vectors]))
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
            fetch=lambda n: joined()[:n],
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
    while (joined := own._derived.get("joined")) is not None:
        own, more = joined
        supposed.insert(0, more)
    if own is snapshot:
        return None
    vectors, twin = np.concatenate(supposed), snapshot.twin[len(own) :]
    beside = _part(snapshot, slice(len(own), None), lambda n: vectors[:n], lambda n: rows_with_copies(twin[:n]))
    return _part(snapshot, slice(len(own)), own.fetch, own.copied_among), beside


def _part(snapshot: Snapshot, rows: slice, fetch: Callable[[int], F32], copied_among: Callable[[int], I64]) -> Snapshot:
    """These rows of ``snapshot`` as one of their own, with the vectors that ``fetch`` gives."""
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
        fetch=fetch,
        copied_among=copied_among,
    )


def _active_count(snapshot: Snapshot) -> int:
    return int(snapshot.counts.sum())


class WorkingSet:
    """The one mutable holder of the arrays, owned by the memory and changed only under its edit lock.

    ``load_vectors(ids)`` reads the vectors of ``ids``, in their order, as (n, d) float32, when they are first needed:
    increasing parts of them, one after the other. ``first_vectors(n)``, where there is one, reads those of the first
    rows at once; None says that it could not.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        change: int,
        load_vectors: Callable[[I64], F32],
        first_vectors: Callable[[int], Buffer | None] | None = None,
    ) -> None:
        self._labels: tuple[str, ...] = ()
        self._code_of: dict[str, int] = {}
        self._load = load_vectors
        self._load_first = first_vectors
        self._lock = threading.Lock()
        self._vectors: Column[np.float32] | None = None
        self._ids = Column(rows.ids)
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
        """A set of its own that lacks ``ids``, as of ``change``; snapshots of this one keep what they have. None where
        no vector has been read yet."""
        with self._lock:
            if self._vectors is None:
                return None
            vectors, twin = self._vectors.shown, self._twin.shown
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
            buffer, start = with_room(len(kept), vectors.shape[1]), 0
            for first, last in pairwise([-1, *gone.tolist(), len(twin)]):
                part = vectors[first + 1 : last]
                buffer[start : start + len(part)] = part
                start += len(part)
        rest = WorkingSet(rows, change=change, load_vectors=self._load)
        rest._vectors = Column(buffer, start)
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
        with self._lock:
            if self._vectors is not None:
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

    def _fetch(self, n: int) -> F32:
        with self._lock:
            if self._vectors is None:
                self._vectors = self._loaded()
            return self._vectors.shown[:n]

    def _copied_among(self, n: int) -> I64:
        with self._lock:
            twin = self._twin.shown
            if self._copied is None:
                self._copied = rows_with_copies(twin), len(twin)
            elif self._copied[1] < n:
                self._copied = _more_copied(self._copied[0], twin, self._copied[1]), len(twin)
            copied = self._copied[0]
        return copied[: copied.searchsorted(n)]

    def _loaded(self) -> Column[np.float32]:
        ids = self._ids.shown
        found = None if self._load_first is None else self._load_first(len(ids))
        if found is None:
            first = self._load(ids[:LOAD_ROWS])
            found = Buffer(with_room(len(ids), first.shape[1]), len(first))
            found.vectors[: len(first)] = first
        for start in range(found.filled, len(ids), LOAD_ROWS):
            part = ids[start : start + LOAD_ROWS]
            found.vectors[start : start + len(part)] = self._load(part)
        return Column(found.vectors, len(ids))

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
            fetch=self._fetch,
            copied_among=self._copied_among,
        )


def _more_copied(copied: I64, twin: I64, known: int) -> I64:
    """``rows_with_copies`` of all of ``twin``, of whose first ``known`` rows ``copied`` are those."""
    if len(twin) - known > FEW_ROWS:
        return rows_with_copies(twin)
    found = [np.flatnonzero(twin == one) for one in twin[known:].tolist()]
    return np.unique(np.concatenate([copied, *(rows for rows in found if len(rows) > 1)]))
