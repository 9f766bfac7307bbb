"""Standing decisions: those of many fixed queries, kept current while the memory is edited.

For each query its nearest exemplars are kept in the exact order of every search: (distance in float64, id). An edit
then costs one product of all queries with what came in; only a query whose list lost too much is searched again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import LeftOut, NearestMany, rows_alike
from visualmemory_gui.engine.decision.many import Verdicts, decide_many
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.novelty import DEPTHS, Thresholds
from visualmemory_gui.engine.index.base import NO_ROWS
from visualmemory_gui.engine.index.rescore import TIE
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, I64, Bools, Rule

SPARE = 10  # neighbours beyond those that are needed, so that a strike seldom costs a search
FEW = 64  # queries for which sorting the whole memory is not worth while
BLOCK = 512  # new exemplars to multiply at once


@dataclass(frozen=True, slots=True)
class Asked:
    """The queries. ``vectors`` is (q, dim) float32 of unit length; ``content`` and ``twin`` are their 64-bit hashes,
    (q,), content 0 for none.

    Where ``group`` is given, the queries are exemplars of the memory, decided without themselves, their content, their
    twins and their group (its hash, 0 for none).
    """

    vectors: F32
    content: I64
    twin: I64
    group: I64 | None = None

    def __len__(self) -> int:
        return len(self.vectors)

    def part(self, which: I64) -> Asked:
        group = None if self.group is None else self.group[which]
        return Asked(self.vectors[which], self.content[which], self.twin[which], group)

    @classmethod
    def exemplars(cls, snapshot: Snapshot, rows: I64) -> Asked:
        """Exemplars of the memory as queries, for leave-one-out."""
        return cls(snapshot.vectors[rows], snapshot.content[rows], snapshot.twin[rows], snapshot.group[rows])


class Standing:
    """Not to be used from two threads at once. ``nearest_many`` searches what has to be searched.

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
    def deep(self) -> int:
        """The largest k that can be decided."""
        return self._need - 1

    def extend(self, asked: Asked, report: Report = silent) -> None:
        """Ask more queries, on the snapshot that was followed last."""
        start, before = len(self), self.asked
        vectors = np.concatenate([before.vectors, asked.vectors])
        content, twin = (np.concatenate(pair) for pair in ((before.content, asked.content), (before.twin, asked.twin)))
        self.asked = replace(before, vectors=vectors, content=content, twin=twin)
        self._lists.grow(len(asked))
        self._search(np.arange(start, len(self)), report)

    def keep(self, which: I64) -> None:
        """Ask only these queries (places) from now on."""
        self.asked = self.asked.part(which)
        self._lists.keep(which)

    def follow(self, snapshot: Snapshot, report: Report = silent) -> None:
        """Bring the lists up to ``snapshot``, a later one of the same memory."""
        before = self._snapshot
        if snapshot is before:
            return
        if not goes_on(before, snapshot):
            self._begin(snapshot, report)
            return
        touched = touched_rows(before, snapshot)
        now = snapshot.active[touched]
        old = touched < len(before)
        was = np.zeros(len(touched), bool)
        was[old] = before.active[touched[old]]
        self._snapshot = snapshot
        self._lists.take_out(touched[was & ~now])
        came = touched[now & ~was]
        for start in range(0, len(came), BLOCK):
            part = came[start : start + BLOCK]
            self._let_in(part, snapshot.vectors[part])
        self._search(self._lists.short(self._need), report)

    def suppose(self, supposed: Snapshot, *, gone: I64, came: I64, vectors: F32, report: Report = silent) -> Standing:
        """Another one, standing on a memory that is only ``supposed``; this one and the memory stay as they are.

        ``supposed`` is the snapshot followed last without the rows ``gone`` and with ``came``, rows of ``supposed``
        that may stand behind all of its own; ``vectors`` are those of ``came``. Its ``fetch`` is never called, and it
        can only ``decide``.
        """
        other = copy.copy(self)
        other._lists = self._lists.copy()
        other._lists.take_out(gone)
        short = other._lists.short(self.deep)
        other._search(short, report, without=gone)
        other._snapshot = supposed
        for start in range(0, len(came), BLOCK):
            other._let_in(came[start : start + BLOCK], vectors[start : start + BLOCK])
        return other

    def decide(
        self, *, k: int, rule: Rule, class_factor: bool, level: int = 0, thresholds: Thresholds | None = None
    ) -> Verdicts:
        """All decisions on the snapshot that was followed last; ``k`` at most ``deep``."""
        lists = self._lists
        return decide_many(
            self._snapshot,
            lists.rows,
            lists.distances,
            k=min(k, self.deep),
            rule=rule,
            class_factor=class_factor,
            level=level,
            thresholds=thresholds,
            content=self.asked.content,
            twin=self.asked.twin,
        )

    def _begin(self, snapshot: Snapshot, report: Report) -> None:
        self._snapshot = snapshot
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
        group = asked.group
        alike = LeftOut(snapshot) if len(which) > FEW else None

        def rows(i: int) -> I64:
            keys = int(asked.content[i]), int(asked.twin[i]), int(group[i])
            return alike.rows_with(*keys) if alike is not None else rows_alike(snapshot, *keys)

        return rows

    def _let_in(self, came: I64, vectors: F32) -> None:
        """Put the rows ``came``, which vote now, into every list that they are near enough for."""
        asked = self.asked
        near = asked.vectors @ vectors.T >= (1.0 - self._lists.reach() - TIE)[:, None]
        near &= ~self._left_out(came)
        queries, at = np.nonzero(near)
        cosine = np.einsum("ij,ij->i", vectors[at].astype(np.float64), asked.vectors[queries].astype(np.float64))
        self._lists.insert(queries, came[at], np.minimum(np.maximum(1.0 - cosine, 0.0), 2.0))

    def _left_out(self, came: I64) -> Bools:
        """(q, c): which of ``came`` a query that is an exemplar must not see."""
        asked, snapshot = self.asked, self._snapshot
        if asked.group is None:
            return np.zeros((1, len(came)), bool)
        out: Bools = asked.twin[:, None] == snapshot.twin[came]
        out |= (asked.content[:, None] == snapshot.content[came]) & (asked.content != 0)[:, None]
        out |= (asked.group[:, None] == snapshot.group[came]) & (asked.group != 0)[:, None]
        return out


def _and_without(rows: Callable[[int], I64] | None, without: I64, query: int) -> I64:
    return without if rows is None else np.union1d(rows(query), without)


def goes_on(before: Snapshot, after: Snapshot) -> bool:
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
