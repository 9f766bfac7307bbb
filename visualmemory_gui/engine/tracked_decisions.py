"""Tracked decisions: those of many fixed queries, kept up to date while the memory is edited.

For each query its nearest exemplars are kept in the exact order of every search: (distance in float64, id). An edit
then costs one product of all queries with what came in; only a query whose list lost too much is searched again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import Copies, Keys, LeftOut, NearestMany, alike, own_class
from visualmemory_gui.engine.decision.many import Verdicts, decide_many
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.novelty import DEPTHS, Thresholds
from visualmemory_gui.engine.decision.votes import NOBODY
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.index.base import NO_ROWS
from visualmemory_gui.engine.index.rescore import TIE
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store.checksum import content_key, vector_hash
from visualmemory_gui.engine.store.watch import Watched
from visualmemory_gui.engine.types import F32, I64, Bools

SPARE = 10  # neighbours beyond those that are needed, so that a strike seldom costs a search
BLOCK = 512  # new exemplars to multiply at once


@dataclass(frozen=True, slots=True)
class Asked:
    """The queries. ``vectors`` is (q, dim) float32 of unit length; ``content`` and ``twin`` are their 64-bit hashes,
    (q,), content 0 for none.

    Where ``group`` is given (its hash, 0 for none), the queries are decided without their content, their twins and
    their group, and their own class counts one less: that of the exemplars ``ids``, or, of images from elsewhere, that
    of a copy of them, rather one of the ``expected`` label.
    """

    vectors: F32
    content: I64
    twin: I64
    group: I64 | None = None
    ids: I64 | None = None
    expected: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.vectors)

    def part(self, which: I64) -> Asked:
        group, ids = (None if keys is None else keys[which] for keys in (self.group, self.ids))
        expected = tuple(self.expected[i] for i in which.tolist()) if self.expected else ()
        return Asked(self.vectors[which], self.content[which], self.twin[which], group, ids, expected)

    def joined(self, more: Asked) -> Asked:
        """These and ``more`` of the same kind."""
        group, ids = (
            None if keys is None or others is None else np.concatenate([keys, others])
            for keys, others in ((self.group, more.group), (self.ids, more.ids))
        )
        vectors = np.concatenate([self.vectors, more.vectors])
        content, twin = (np.concatenate(pair) for pair in ((self.content, more.content), (self.twin, more.twin)))
        return Asked(vectors, content, twin, group, ids, self.expected + more.expected)

    @classmethod
    def exemplars(cls, snapshot: Snapshot, rows: I64) -> Asked:
        """Exemplars of the memory as queries, for leave-one-out."""
        content, twin, group = snapshot.content[rows], snapshot.twin[rows], snapshot.group[rows]
        return cls(snapshot.vectors[rows], content, twin, group, snapshot.ids[rows])

    @classmethod
    def watched(cls, watched: Sequence[Watched]) -> Asked:
        """Images of the watch set, each with its vector, at least one: decided without exemplars of their content."""
        vectors = np.stack([one.picture.vector for one in watched if one.picture.vector is not None])
        content = np.array([content_key(one.picture.content) for one in watched], np.int64)
        twin = np.array([vector_hash(vector) for vector in vectors], np.int64)
        return cls(vectors, content, twin, np.zeros_like(content), expected=tuple(one.expected for one in watched))


class TrackedDecisions:
    """The decisions of ``asked``, kept up to date. For one thread at a time.

    ``nearest_many`` searches what has to be searched.

    Without anything left out, a query's list is what ``Searcher.nearest`` would find.
    """

    def __init__(
        self, snapshot: Snapshot, asked: Asked, nearest_many: NearestMany, *, k: int, report: Report = silent
    ) -> None:
        self.asked = asked
        self._nearest_many = nearest_many
        self._need = max(k, *DEPTHS) + 1
        self._snapshot = snapshot
        self._lists = NeighbourTable(len(asked), self._need + SPARE)
        self._begin(snapshot, report)

    def __len__(self) -> int:
        return len(self.asked)

    @property
    def max_k(self) -> int:
        """The largest k that can be decided."""
        return self._need - 1

    def extend(self, asked: Asked, report: Report = silent) -> None:
        """Ask more queries, on the last snapshot."""
        start = len(self)
        self.asked = self.asked.joined(asked)
        self._copies = self._find_copies(self._snapshot)
        self._lists.grow(len(asked))
        self._search(np.arange(start, len(self)), report)

    def set_expected(self, expected: Sequence[str]) -> None:
        """From now on the queries, images from elsewhere, ought to be these."""
        self.asked = replace(self.asked, expected=tuple(expected))

    def keep(self, which: I64) -> None:
        """Ask only these queries (places) from now on."""
        self.asked = self.asked.part(which)
        self._copies = self._find_copies(self._snapshot)
        self._lists.keep(which)

    def update(self, snapshot: Snapshot, report: Report = silent) -> None:
        """Bring the lists up to ``snapshot``, a later one of the same memory."""
        before = self._snapshot
        if snapshot is before:
            return
        if not continues(before, snapshot):
            self._begin(snapshot, report)
            return
        touched = touched_rows(before, snapshot)
        now = snapshot.active[touched]
        old = touched < len(before)
        was = np.zeros(len(touched), bool)
        was[old] = before.active[touched[old]]
        self._snapshot = snapshot
        self._copies = self._copies.joined(self._find_copies(snapshot, first=len(before)))
        self._lists.take_out(touched[was & ~now])
        self._let_in(touched[now & ~was], lambda rows: snapshot.vectors[rows])
        self._search(self._lists.short(self._need), report)

    def as_if(self, edited: Snapshot, added: F32, *, report: Report = silent) -> TrackedDecisions:
        """The decisions as if the memory were ``edited``; these ones and the memory stay as they are.

        ``edited`` is the last snapshot, ``changed``; ``added`` are the vectors of its rows behind all others. What is
        returned can only ``decide``.
        """
        here = self._snapshot
        n = len(here)
        left = np.flatnonzero(here.active & ~edited.active[:n])
        came = np.flatnonzero(edited.active[:n] & ~here.active)
        other = copy.copy(self)
        other._lists = self._lists.copy()
        other._lists.take_out(left)
        other._search(other._lists.short(self.max_k), report, without=left)
        other._snapshot = edited
        other._copies = self._copies.joined(self._find_copies(edited, first=n))
        other._let_in(came, lambda rows: here.vectors[rows])
        other._let_in(np.arange(n, len(edited)), lambda rows: added[rows - n])
        return other

    def decide(self, scheme: VotingScheme, *, thresholds: Thresholds | None = None) -> Verdicts:
        """All decisions on the last snapshot; the scheme's k is at most ``max_k``."""
        lists = self._lists
        return decide_many(
            self._snapshot,
            lists.rows,
            lists.distances,
            replace(scheme, k=min(scheme.k, self.max_k)),
            thresholds=thresholds,
            content=self.asked.content,
            twin=self.asked.twin,
            own=self._own_class(),
        )

    def _own_class(self) -> I64 | None:
        """Of which class each query is itself an exemplar that is left out; None where nothing is left out."""
        asked, snapshot = self.asked, self._snapshot
        if asked.group is None:
            return None
        if asked.ids is not None:
            return own_class(snapshot, rows_of_those_here(snapshot, asked.ids))
        return own_class(snapshot, self._copies.own_rows(snapshot, asked.expected or ("",) * len(asked)))

    def _find_copies(self, snapshot: Snapshot, first: int = 0) -> Copies:
        """What ``_own_class`` needs of images from elsewhere, of the rows from ``first`` on."""
        asked = self.asked
        if asked.group is None or asked.ids is not None:
            return Copies(NO_ROWS, NO_ROWS)
        return Copies.find(snapshot, asked.content, asked.twin, first=first)

    def _begin(self, snapshot: Snapshot, report: Report) -> None:
        self._snapshot = snapshot
        self._copies = self._find_copies(snapshot)
        self._lists = NeighbourTable(len(self), self._need + SPARE)
        self._search(np.arange(len(self)), report)

    def _search(self, which: I64, report: Report, without: I64 = NO_ROWS) -> None:
        """Search the lists of ``which`` anew, as if the rows ``without`` were not there."""
        if len(which):
            vectors, width = self.asked.vectors[which], self._lists.width
            out = self._excluded(which)
            if len(without):
                out = partial(_and_without, out, without)
            found = self._nearest_many(self._snapshot, vectors, width, excluded_rows=out, report=report)
            self._lists.put(which, found)

    def _excluded(self, which: I64) -> Callable[[int], I64] | None:
        """What leave-one-out leaves out of the queries ``which``."""
        asked, snapshot = self.asked.part(which), self._snapshot
        if asked.group is None:
            return None
        return LeftOut(snapshot, Keys(asked.content, asked.twin, asked.group))

    def _let_in(self, came: I64, vectors_of: Callable[[I64], F32]) -> None:
        """Put the rows ``came``, which vote now, into every list that they are near enough for."""
        asked = self.asked
        for start in range(0, len(came), BLOCK):
            rows = came[start : start + BLOCK]
            vectors = vectors_of(rows)
            near = asked.vectors @ vectors.T >= (1.0 - self._lists.reach() - TIE)[:, None]
            near &= ~self._left_out(rows)
            queries, at = np.nonzero(near)
            cosine = np.einsum("ij,ij->i", vectors[at].astype(np.float64), asked.vectors[queries].astype(np.float64))
            self._lists.insert(queries, rows[at], np.minimum(np.maximum(1.0 - cosine, 0.0), 2.0))

    def _left_out(self, came: I64) -> Bools:
        """(q, c): which of ``came`` a query that is an exemplar must not see."""
        asked, snapshot = self.asked, self._snapshot
        if asked.group is None:
            return np.zeros((1, len(came)), bool)
        return alike(snapshot, came, Keys(asked.content[:, None], asked.twin[:, None], asked.group[:, None]))


def _and_without(rows: Callable[[int], I64] | None, without: I64, query: int) -> I64:
    return without if rows is None else np.union1d(rows(query), without)


def rows_of_those_here(snapshot: Snapshot, ids: I64) -> I64:
    """Rows of ``ids``, (n,); NOBODY for what was forgotten."""
    if not len(snapshot.ids):
        return np.full(len(ids), NOBODY, np.int64)
    rows = np.minimum(snapshot.ids.searchsorted(ids), len(snapshot.ids) - 1)
    return np.where(snapshot.ids[rows] == ids, rows, NOBODY)


def continues(before: Snapshot, after: Snapshot) -> bool:
    """Whether ``after`` is ``before`` with edits: nothing was forgotten, so every row is where it was."""
    n = len(before)
    return len(after) >= n and (n == 0 or after.ids[n - 1] == before.ids[n - 1]) and after.change >= before.change


def touched_rows(before: Snapshot, after: Snapshot) -> I64:
    """Rows in which the two may differ, increasing."""
    if after.previous == before.change:
        return np.unique(after.touched)
    if after.change == before.change:
        return np.empty(0, np.int64)
    return np.flatnonzero(after.row_change > before.change)
