"""Tracked decisions: those of many fixed queries, kept up to date while the memory is edited.

For each query its nearest exemplars are kept in the exact order of every search: (distance in float64, id). An edit
then costs one product of all queries with what was added; only a query whose list lost too much is searched again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from visualmemory_gui.engine.decision.decide_batch import Verdicts, decide_many
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, NearestMany, alike, own_class
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.novelty import DEPTHS, Thresholds
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.solved_weights import SolvedWeights
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.index.base import NO_ROWS
from visualmemory_gui.engine.index.rescore import TIE
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store.checksum import content_key, vector_hash
from visualmemory_gui.engine.store.watch import Watched
from visualmemory_gui.engine.types import F32, I64, Skipped

SPARE = 10  # neighbours beyond those needed, so that a strike seldom costs a search
BLOCK = 512  # new exemplars to multiply at once


def queries_of(
    vectors: F32,
    labels: Sequence[str] = (),
    *,
    contents: Sequence[str | None] = (),
    leave_out: bool = True,
    skipped: Sequence[Skipped] = (),
) -> Queries:
    """Images from elsewhere by their vectors, (q, dim) float32 of unit length, and content ids, none by default."""
    content = np.array([content_key(one) for one in contents or [None] * len(vectors)], np.int64)
    twin = np.array([vector_hash(vector) for vector in vectors], np.int64)
    keys = ContentKeys(content, twin, np.zeros_like(content))
    return Queries(vectors, keys, tuple(labels), leave_out=leave_out, skipped=tuple(skipped))


def watched_queries(watched: Sequence[Watched]) -> Queries:
    """Images of the watch set, each with its vector, at least one: decided without exemplars of their content."""
    vectors = np.stack([one.image.vector for one in watched if one.image.vector is not None])
    return queries_of(vectors, [one.expected for one in watched], contents=[one.image.content for one in watched])


class TrackedDecisions:
    """The decisions of ``queries``, kept up to date. For one thread at a time.

    ``nearest_many`` searches what has to be searched.

    With nothing left out, a query's list is what ``Searcher.nearest`` would find.
    """

    def __init__(
        self, snapshot: Snapshot, queries: Queries, nearest_many: NearestMany, *, k: int, report: Report = silent
    ) -> None:
        self.queries = queries
        self._nearest_many = nearest_many
        self._need = max(k, *DEPTHS) + 1
        self._snapshot = snapshot
        self._lists = NeighbourTable(len(queries), self._need + SPARE)
        self._begin(snapshot, report)

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def max_k(self) -> int:
        """The largest k that can be decided."""
        return self._need - 1

    def extend(self, queries: Queries, report: Report = silent) -> None:
        """Track more queries, on the last snapshot."""
        start = len(self)
        self.queries = self.queries.joined(queries)
        self._copies = self.queries.copies(self._snapshot)
        self._lists.grow(len(queries))
        self._solved.grow(len(queries))
        self._search(np.arange(start, len(self)), report)

    def set_expected(self, expected: Sequence[str]) -> None:
        """From now on these are the expected labels of the queries, images from elsewhere."""
        self.queries = replace(self.queries, labels=tuple(expected))

    def keep(self, which: I64) -> None:
        """Track only these queries (places) from now on."""
        self.queries = self.queries.part(which)
        self._copies = self.queries.copies(self._snapshot)
        self._lists.keep(which)
        self._solved.keep(which)

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
        self._copies = self._copies.joined(self.queries.copies(snapshot, first=len(before)))
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
        other._lists, other._solved = self._lists.copy(), self._solved.copy()
        other._lists.take_out(left)
        other._search(other._lists.short(self.max_k), report, without=left)
        other._snapshot = edited
        other._copies = self._copies.joined(self.queries.copies(edited, first=n))
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
            content=self.queries.keys.content,
            twin=self.queries.keys.twin,
            own=self._own_class(),
            solved=self._solved,
        )

    def _own_class(self) -> I64 | None:
        """The class of each query that is itself an exemplar and left out; None where nothing is left out."""
        if not self.queries.leave_out:
            return None
        return own_class(self._snapshot, self.queries.own_rows(self._snapshot, self._copies))

    def _begin(self, snapshot: Snapshot, report: Report) -> None:
        self._snapshot = snapshot
        self._copies = self.queries.copies(snapshot)
        self._lists = NeighbourTable(len(self), self._need + SPARE)
        self._solved = SolvedWeights()
        self._search(np.arange(len(self)), report)

    def _search(self, which: I64, report: Report, without: I64 = NO_ROWS) -> None:
        """Search the lists of ``which`` again, as if the rows ``without`` did not exist."""
        if len(which):
            queries = self.queries.part(which)
            out: Callable[[int], I64] | None = queries.left_out(self._snapshot)
            if len(without):
                out = partial(_and_without, out, without)
            width = self._lists.width
            found = self._nearest_many(self._snapshot, queries.vectors, width, excluded_rows=out, report=report)
            self._lists.put(which, found)

    def _let_in(self, came: I64, vectors_of: Callable[[I64], F32]) -> None:
        """Put the rows ``came``, which vote now, into every list they are near enough for."""
        asked = self.queries.vectors
        for start in range(0, len(came), BLOCK):
            rows = came[start : start + BLOCK]
            vectors = vectors_of(rows)
            near = asked @ vectors.T >= (1.0 - self._lists.reach() - TIE)[:, None]
            if self.queries.leave_out:
                near &= ~alike(self._snapshot, rows, ContentKeys(*(key[:, None] for key in self.queries.keys)))
            queries, at = np.nonzero(near)
            cosine = np.einsum("ij,ij->i", vectors[at].astype(np.float64), asked[queries].astype(np.float64))
            self._lists.insert(queries, rows[at], np.minimum(np.maximum(1.0 - cosine, 0.0), 2.0))


def _and_without(rows: Callable[[int], I64] | None, without: I64, query: int) -> I64:
    return without if rows is None else np.union1d(rows(query), without)


def continues(before: Snapshot, after: Snapshot) -> bool:
    """Whether ``after`` is ``before`` plus edits: nothing was forgotten, so every row is where it was."""
    n = len(before)
    return len(after) >= n and (n == 0 or after.ids[n - 1] == before.ids[n - 1]) and after.change >= before.change


def touched_rows(before: Snapshot, after: Snapshot) -> I64:
    """Rows in which the two may differ, increasing."""
    if after.previous == before.change:
        return np.unique(after.touched)
    if after.change == before.change:
        return np.empty(0, np.int64)
    return np.flatnonzero(after.row_change > before.change)
