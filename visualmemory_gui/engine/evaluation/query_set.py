"""Query sets: queries whose right label is known, their neighbour lists, and their decisions after an edit.

A study decides one set before and after an edit, which need not have been made. All exemplars active at the baseline
are decided by leave-one-out, even those that the edit strikes out, under the label they had: otherwise striking out
whatever is decided wrong would look like a gain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision.equal_vectors import Hides, rows_behind
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, LeftOut, NearestMany, Retrieved, own_class
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.votes import ABSENT, winners_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.statistics import split, together
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.memory.tracked_decisions import watched_queries
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64, Bools

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

SPARE = 10
_NO_LINES: I64 = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class ExemplarLabels:
    """Exemplars, by id (q,), with the labels they had when first asked: what makes two runs comparable."""

    ids: I64
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class QuerySet:
    """q queries whose right label is known, against one ``snapshot``.

    ``names`` are the labels of the right codes ``truth`` (q,): those of the snapshot first, then those that the memory
    does not have, which cannot win. ``own`` is each query's row if it is itself an exemplar, else ABSENT;
    ``ids`` its id if it is asked as an exemplar, else 0. ``vectors_of(places)`` are queries' vectors.
    """

    snapshot: Snapshot
    keys: ContentKeys
    names: tuple[str, ...]
    truth: I64
    own: I64
    ids: I64
    vectors_of: Callable[[I64], F32]

    @classmethod
    def exemplars(cls, snapshot: Snapshot, rows: I64, labels: Sequence[str] | None = None) -> QuerySet:
        """Exemplars by leave-one-out, under other ``labels`` if given."""
        names, truth = snapshot.labels, snapshot.label[rows].astype(np.int64)
        if labels is not None:
            names, truth = _coded(snapshot, labels)
        keys, ids = ContentKeys.of(snapshot, rows), snapshot.ids[rows]
        return cls(snapshot, keys, names, truth, rows, ids, lambda places: snapshot.vectors_of(rows[places]))

    @classmethod
    def active(cls, snapshot: Snapshot) -> QuerySet:
        """All active exemplars by leave-one-out."""
        return cls.exemplars(snapshot, np.flatnonzero(snapshot.active))

    @classmethod
    def earlier(cls, snapshot: Snapshot, asked: ExemplarLabels) -> QuerySet:
        """The exemplars of an earlier run, whatever their state now. Raises UnknownExemplar."""
        return cls.exemplars(snapshot, snapshot.rows_of(asked.ids), asked.labels)

    @classmethod
    def of(cls, snapshot: Snapshot, queries: Queries) -> QuerySet:
        """Images from elsewhere. Raises BadValue without a label."""
        if not queries.labels:
            raise BadValue("no query has a label")
        names, truth = _coded(snapshot, queries.labels)
        own, none = queries.own_rows(snapshot), np.zeros_like(truth)
        return cls(snapshot, queries.keys, names, truth, own, none, lambda places: queries.vectors[places])

    def __len__(self) -> int:
        return len(self.truth)

    @cached_property
    def left_out(self) -> LeftOut:
        """The rows that each query must not see."""
        return LeftOut(self.snapshot, self.keys)

    @cached_property
    def unit(self) -> I64:
        """A key above 0 that queries of one group, content or vector share: no split may separate them, (q,)."""
        return together(*self.keys)

    def parts(self, sizes: Sequence[int], *, seed: int = 0) -> list[I64]:
        """Places of queries in parts about as large as ``sizes``, or in that proportion where there are fewer: split by
        label, no group, content or vector in two parts, seeded. Increasing."""
        rest = max(0, len(self) - sum(sizes))
        part = split(self.truth, self.unit, (*sizes, rest) if rest else sizes, seed=seed)
        return [np.flatnonzero(part == which) for which in range(len(sizes))]

    def sample(self, size: int) -> I64:
        """Places of about so many queries at most, increasing."""
        return self.parts([size])[0]

    @property
    def key(self) -> I64:
        """The 64-bit hash of each query's content, or of its vector where it has none, (q,)."""
        return np.where(self.keys.content != 0, self.keys.content, self.keys.twin)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the queries, their labels and the groups left out with them; independent of order."""
        asked = zip(self.key.tolist(), self.keys.group.tolist(), self.truth.tolist(), strict=True)
        lines = sorted(f"{key} {group} {self.names[code]}" for key, group, code in asked)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def search(
        self,
        memory: Snapshot,
        nearest_many: NearestMany,
        k: int,
        *,
        which: I64,
        report: Report = silent,
        different: bool = False,
    ) -> Sequence[Retrieved]:
        """The ``k`` nearest of the queries ``which`` in ``memory``: the snapshot, or an edited one. ``different``: the
        first exemplars of the k nearest vectors."""
        return nearest_many(
            memory,
            self.vectors_of(which),
            k,
            excluded_rows=lambda i: self.left_out(int(which[i])),
            report=report,
            different=different,
        )

    def hides(self, which: I64) -> Hides:
        """Whether the queries at places in ``which`` must not see rows."""
        return lambda queries, rows: self.left_out.hides(which[queries], rows)

    def neighbours(
        self,
        memory: Snapshot,
        nearest_many: NearestMany,
        k: int,
        *,
        which: I64 | None = None,
        report: Report = silent,
        different: bool = False,
    ) -> NeighbourArrays:
        """The same as arrays, (q, k), ready for voting; of all queries unless ``which`` are named.

        ``different``: all exemplars of the k nearest vectors, for a joint rule.
        """
        which = np.arange(len(self)) if which is None else which
        found = self.search(memory, nearest_many, k, which=which, report=report, different=different)
        table, own = NeighbourTable.of(found, k), own_class(memory, self.own[which])
        if different:
            return NeighbourArrays.of_vectors(memory, *table.arrays, hides=self.hides(which), own=own)
        return NeighbourArrays.of(memory, *table.arrays, own=own)

    def retrieved(
        self,
        memory: Snapshot,
        nearest_many: NearestMany,
        k: int,
        *,
        which: I64,
        joint: bool = True,
        report: Report = silent,
    ) -> tuple[NeighbourArrays, NeighbourArrays]:
        """The ``k`` nearest exemplars of the queries ``which``, and for ``joint`` rules all exemplars of the k nearest
        vectors: the same arrays where no two vectors of the memory are equal, or no rule is joint."""
        near = self.neighbours(memory, nearest_many, k, which=which, report=report)
        if not joint or not len(memory.twin_groups):
            return near, near
        return near, self.neighbours(memory, nearest_many, k, which=which, different=True)


def winners(near: NeighbourArrays, scheme: VotingScheme, codes: I64 | None = None) -> I64:
    """The codes that win among the first k of ``near``, (q,), of different vectors under a joint rule; ABSENT where no
    vote has any weight.

    ``codes`` maps a full label's code to another one (a level's) before the vote.
    """
    near = scheme.first(near)
    named = near.codes if codes is None else codes[near.codes]
    return winners_of(named, scheme.vote_weights(near), tie=scheme.tie)[0]


def own_queries(snapshot: Snapshot) -> QuerySet:
    """All active exemplars by leave-one-out. Raises BadValue where no neighbour could be wrong."""
    found = QuerySet.active(snapshot)
    if not len(found):
        raise BadValue("the memory has no active exemplar; restore some or add images first")
    if len(np.unique(found.truth)) == 1:
        only = found.names[found.truth[0]]
        raise BadValue(f"all exemplars are of one class, {only}: no neighbour can be wrong")
    return found


def watch_set(memory: WholeMemory, snapshot: Snapshot) -> QuerySet:
    """The watch set, decided without exemplars of the same content. Raises BadValue without one."""
    watched = [one for one in memory.watch.all() if one.image.vector is not None]
    if not watched:
        raise BadValue("no watch set: decide images in the window and watch them, or use leave-one-out")
    own_queries(snapshot)  # refuses what cannot be studied
    return QuerySet.of(snapshot, watched_queries(watched))


class QueryLists:
    """``queries`` with their nearest exemplars, ``width`` of them or more: searched once, decided by ``scheme`` on the
    edited memory."""

    def __init__(
        self,
        queries: QuerySet,
        nearest_many: NearestMany,
        *,
        scheme: VotingScheme,
        width: int = 0,
        report: Report = silent,
    ) -> None:
        self.queries = queries
        self.snapshot = queries.snapshot
        self.scheme = scheme
        width = max(width, scheme.k) + SPARE
        which = np.arange(len(queries))
        found = queries.search(self.snapshot, nearest_many, width, which=which, report=report, different=scheme.joint)
        self.table = NeighbourTable.of(found, width)

    def __len__(self) -> int:
        return len(self.queries)

    def right(self, edited: Snapshot | None = None, which: I64 | None = None) -> Bools:
        """Whether each query (or those of ``which``) is decided right, (q,), on ``edited``: the snapshot with other
        trust or labels, or with fewer exemplars active. Without it on the snapshot itself."""
        which = np.arange(len(self)) if which is None else which
        winner = winners(self.neighbours(edited, which), self.scheme)
        right: Bools = (winner == self.queries.truth[which]) & (winner != ABSENT)
        return right

    def nearest(self, m: int) -> tuple[I64, F64]:
        """The ``m`` nearest exemplars of each query, (q, m) rows and distances, m up to the width of the lists."""
        if not self.scheme.joint:
            return self.table.rows[:, :m], self.table.distances[:, :m]
        return rows_behind(self.snapshot, *self.table.arrays, self.queries.left_out.hides, most=m)

    def neighbours(
        self, edited: Snapshot | None = None, which: I64 | None = None, *, apart: bool = False
    ) -> NeighbourArrays:
        """The first k neighbours of these queries, with their weights in ``edited``. ``apart``: of equal vectors too
        each exemplar has its own place."""
        edited = self.snapshot if edited is None else edited
        which = np.arange(len(self)) if which is None else which
        first, own = self._first(edited, which), own_class(edited, self.queries.own[which])
        if not self.scheme.joint:
            return NeighbourArrays.of(edited, *first, own=own)
        hides = self.queries.hides(which)
        if apart:
            behind = rows_behind(edited, *first, hides, most=max(len(edited), 1))
            return NeighbourArrays.of(edited, *behind, own=own)
        return NeighbourArrays.of_vectors(edited, *first, hides=hides, own=own)

    def _first(self, edited: Snapshot, which: I64) -> tuple[I64, F64]:
        """Rows and distances of the first k that are active in ``edited``."""
        k, table = self.scheme.k, copy(self.table)
        table.keep(which)  # copies the lines
        gone = np.flatnonzero(self.snapshot.active & ~edited.active)
        again = table.holding(np.intersect1d(gone, self.snapshot.twin_groups.rows)) if self.scheme.joint else _NO_LINES
        table.take_out(gone)
        short = np.union1d(table.short(k), again)
        if len(short):
            found = self.queries.search(
                edited, nearest_exact, table.width, which=which[short], different=self.scheme.joint
            )
            table.put(short, found)
        return table.rows[:, :k], table.distances[:, :k]


def _coded(snapshot: Snapshot, labels: Sequence[str]) -> tuple[tuple[str, ...], I64]:
    names = tuple(dict.fromkeys((*snapshot.labels, *labels)))
    code_of = {name: code for code, name in enumerate(names)}
    return names, np.array([code_of[label] for label in labels], np.int64)
