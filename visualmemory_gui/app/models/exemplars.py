"""The exemplars that the memory's grid shows: a filter, and the ids that pass it, up to a million."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.runtime.malloc_trim import give_back
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.memory.protocol import remote

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.snapshot import Snapshot

Ids = npt.NDArray[np.int64]
Shown = Literal["all", "active", "struck", "weighed"]
Order = Literal["oldest", "newest", "label", "nearest", "trust"]
TOPIC = "exemplars"
BLOCK = 20_000  # vectors that are compared in one turn
TURN_S = 0.02  # of a search; manual edits and images get their turns in between
NONE: Ids = np.empty(0, np.int64)
NOT_COMPARED: Mapping[int, float] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Pick:
    """A choice of exemplars by ids, (n,) increasing, and what they have in common."""

    name: str
    ids: Ids


@dataclass(frozen=True, slots=True, eq=False)
class Like:
    """What exemplars are compared with: ``vector`` (dim,) float32 of unit length, of an image or of words."""

    name: str
    vector: npt.NDArray[np.float32]
    of_words: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter. ``label`` includes everything below it; ``text`` is searched in label, path, note and group.

    State "weighed" means a trust other than 1. ``since`` is the earliest time added, in seconds since the epoch. Order
    "nearest" is by the distance to ``like``, "trust" begins with the lowest, "label" goes by class; equal ones are in
    the order in which they were added.
    """

    label: str | None = None
    state: Shown = "all"
    text: str = ""
    since: float | None = None
    pick: Pick | None = None
    order: Order = "oldest"
    like: Like | None = None


@dataclass(frozen=True, slots=True)
class FoundExemplars:
    """What passes: ``ids`` in the order of the filter; ``total`` and ``struck`` exemplars in all; active ``counts`` by
    label. ``distances`` are by id, where a server compared them."""

    ids: Ids
    total: int
    counts: dict[str, int]
    struck: int
    distances: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """What the grid paints of an exemplar besides its image. ``missing`` is where its original was, "" if it is there
    or has not been looked for yet.

    Where the order is by likeness, ``score`` is the cosine with the words, or ``distance`` that to the image.
    """

    id: int
    label: str
    struck: bool
    missing: str = ""
    score: float | None = None
    distance: float | None = None


def look(memory: Memory, wanted: Filter) -> Generator[None, None, FoundExemplars]:
    """Search for the exemplars that pass the filter, a piece at a time; returns the answer.

    Without text and age everything is in the snapshot, and that is one piece.
    """
    yield from memory.list_rows()
    snapshot = memory.listing
    gone = NONE if snapshot.active_count == len(snapshot) else _rows(snapshot, memory.catalog.withdrawn_ids())
    total = len(snapshot) - len(gone)
    ids = _fitting(snapshot, wanted, gone)
    if wanted.pick is not None:
        ids = np.intersect1d(ids, wanted.pick.ids, assume_unique=True)
    if wanted.text or wanted.since is not None:
        parts = []
        for part in memory.catalog.find(text=wanted.text, since=wanted.since):
            parts.append(part)
            yield
        give_back()
        ids = np.intersect1d(ids, np.concatenate([NONE, *parts]), assume_unique=True)
    counts, struck = snapshot.class_counts(), total - snapshot.active_count
    if wanted.order == "nearest" and wanted.like is not None and not memory.is_whole:
        near, fits = dict(remote(memory).likeness(wanted.like.vector)), set(ids.tolist())
        return FoundExemplars(np.array([one for one in near if one in fits], np.int64), total, counts, struck, near)
    ids = yield from _ordered(snapshot, ids, wanted)
    return FoundExemplars(ids, total, counts, struck)


def _ordered(snapshot: Snapshot, ids: Ids, wanted: Filter) -> Generator[None, None, Ids]:
    """``ids``, increasing, in the order of the filter."""
    if wanted.order == "newest":
        return ids[::-1]
    rows = _rows(snapshot, ids)
    if wanted.order == "trust":
        return ids[np.argsort(snapshot.trust[rows], kind="stable")]
    if wanted.order == "label":
        rank = np.empty(len(snapshot.labels), np.int64)
        rank[sorted(range(len(rank)), key=lambda at: snapshot.labels[at].casefold())] = np.arange(len(rank))
        return ids[np.argsort(rank[snapshot.label[rows]], kind="stable")]
    if wanted.order == "nearest" and wanted.like is not None:
        far = np.empty(len(rows), np.float32)
        for at in range(0, len(rows), BLOCK):
            part = slice(at, at + BLOCK)
            far[part] = 1 - snapshot.vectors[rows[part]] @ wanted.like.vector
            yield
        return ids[np.argsort(far, kind="stable")]
    return ids


def find(memory: Memory, wanted: Filter) -> FoundExemplars:
    """The exemplars that pass the filter, in a single call."""
    found = go_on(look(memory, wanted), np.inf)
    assert found is not None
    return found


def go_on(looking: Generator[None, None, FoundExemplars], seconds: float) -> FoundExemplars | None:
    """Go on searching for so long; None if that was not enough."""
    end = time.monotonic() + seconds
    try:
        while True:
            next(looking)
            if time.monotonic() > end:
                return None
    except StopIteration as done:
        found: FoundExemplars = done.value
        return found


def _fitting(snapshot: Snapshot, wanted: Filter, gone: Ids) -> Ids:
    """Which exemplars match label and state; the rows ``gone`` are withdrawn and match nothing."""
    if wanted.label is None and wanted.state == "all" and not len(gone):
        return snapshot.ids
    fits = under(snapshot, wanted.label)
    if wanted.state in ("active", "struck"):
        fits &= snapshot.active if wanted.state == "active" else ~snapshot.active
    elif wanted.state == "weighed":
        fits &= snapshot.trust != 1
    fits[gone] = False
    return snapshot.ids[fits]


def under(snapshot: Snapshot, label: str | None) -> npt.NDArray[np.bool_]:
    """A mask of the rows of ``snapshot`` with ``label`` or one below it, (n,) bool."""
    if label is None:
        return np.ones(len(snapshot), bool)
    fits = np.array([name == label or name.startswith(f"{label}/") for name in snapshot.labels], bool)
    return fits[snapshot.label] if len(fits) else np.zeros(len(snapshot), bool)


def cells_of(
    snapshot: Snapshot,
    ids: Ids,
    missing: Callable[[int], str] = lambda _: "",
    like: Like | None = None,
    distances: Mapping[int, float] = NOT_COMPARED,
) -> list[Cell]:
    """What to paint for those of ``ids`` (n,) that still exist, compared with ``like``; ``missing`` is as for
    ``ExemplarsModel``. ``distances`` are those to ``like``, where a server compared them."""
    rows = _rows(snapshot, ids)
    labels = snapshot.labels
    code, active = snapshot.label[rows].tolist(), snapshot.active[rows].tolist()
    parts = zip(snapshot.ids[rows].tolist(), code, active, strict=True)
    cells = [Cell(exemplar, labels[c], not voting, missing(exemplar)) for exemplar, c, voting in parts]
    if like is None or not cells:
        return cells
    if distances:
        cosines = [1 - distances.get(cell.id, np.nan) for cell in cells]
    else:
        cosines = (snapshot.vectors_of(rows) @ like.vector).tolist()
    if like.of_words:
        return [replace(cell, score=cosine) for cell, cosine in zip(cells, cosines, strict=True)]
    return [replace(cell, distance=max(0.0, 1 - cosine)) for cell, cosine in zip(cells, cosines, strict=True)]


def parted(snapshot: Snapshot, ids: Ids) -> tuple[Ids, Ids]:
    """Those of ``ids`` (n,) that still exist, split into active and struck-out ones."""
    rows = _rows(snapshot, ids)
    active = snapshot.active[rows]
    return snapshot.ids[rows[active]], snapshot.ids[rows[~active]]


class ExemplarsModel(QObject):
    """The filter and what passes it. It searches again when the filter or memory changes, then emits ``updated``.

    ``missing(id)`` says where a missing original was, "" if none is missing.
    """

    updated = Signal()

    def __init__(
        self, tasks: Tasks, parent: QObject | None = None, *, missing: Callable[[int], str] = lambda _: ""
    ) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._missing = missing
        self._memory: Memory | None = None
        self._found = FoundExemplars(NONE, 0, {}, 0)
        self._filter = Filter()

    @property
    def ids(self) -> Ids:
        return self._found.ids

    @property
    def found(self) -> FoundExemplars:
        return self._found

    @property
    def filter(self) -> Filter:
        return self._filter

    def set_memory(self, memory: Memory | None) -> None:
        self._tasks.supersede(TOPIC)
        self._memory = memory
        self._filter = Filter()
        self._take(FoundExemplars(NONE, 0, {}, 0))
        self.refresh()

    def set_filter(self, fresh: Filter) -> None:
        if fresh != self._filter:
            self._filter = fresh
            self.refresh()

    def refresh(self, wait_ms: int = 0) -> None:
        """Find again what matches, after ``wait_ms``."""
        memory, wanted = self._memory, self._filter
        if memory is None:
            return
        self._look_on(look(memory, wanted), wait_ms)

    def cells(self, ids: Ids) -> list[Cell]:
        """What to paint for ``ids``, from the newest snapshot: no row of the database is read."""
        memory, distances = self._memory, self._found.distances
        if memory is None:
            return []
        compared = self._filter.order == "nearest" and (memory.is_whole or bool(distances))
        return cells_of(memory.listing, ids, self._missing, self._filter.like if compared else None, distances)

    def parted(self, ids: Ids) -> tuple[Ids, Ids]:
        """``ids`` split into active and struck-out ones."""
        memory = self._memory
        return parted(memory.listing, ids) if memory is not None else (NONE, NONE)

    def summary(self) -> str:
        """ "47 of 412"."""
        return f"{len(self.ids):,} of {self._found.total:,}"

    def _look_on(self, looking: Generator[None, None, FoundExemplars], wait_ms: int = 0) -> None:
        """Search in turns, so that a manual edit waits for one of them at most."""
        self._tasks.run_edit(
            "Finding", partial(go_on, looking, TURN_S), partial(self._looked, looking), topic=TOPIC, wait_ms=wait_ms
        )

    def _looked(self, looking: Generator[None, None, FoundExemplars], found: FoundExemplars | None) -> None:
        if found is None:
            self._look_on(looking)
        else:
            self._take(found)

    def _take(self, found: FoundExemplars) -> None:
        self._found = found
        self.updated.emit()


def _rows(snapshot: Snapshot, ids: Ids) -> Ids:
    """Rows of those ``ids`` that still exist: an exemplar can be forgotten while it is being painted."""
    if len(ids) == len(snapshot) and np.array_equal(ids, snapshot.ids):
        return np.arange(len(ids))
    at = np.minimum(np.searchsorted(snapshot.ids, ids), max(0, len(snapshot) - 1))
    return at[snapshot.ids[at] == ids] if len(snapshot) else NONE
