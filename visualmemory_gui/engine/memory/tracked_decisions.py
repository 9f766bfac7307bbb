"""Tracked decisions: those of many fixed queries, kept up to date while the memory is edited.

For each query its nearest vectors are kept in the exact order of every search: (distance in float64, id), each by the
first exemplar that the query may see (``equal_vectors``). An edit then costs one product of all queries with what was
added; only a query whose list lost too much is searched again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision.blas_threads import one_blas_thread
from visualmemory_gui.engine.decision.decide_batch import Verdicts, decide_many
from visualmemory_gui.engine.decision.equal_vectors import Hides
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, NearestMany, own_class
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
from visualmemory_gui.engine.types import F32, F64, I64, Skipped

if TYPE_CHECKING:
    from visualmemory_gui.engine.store.watch import Watched

SPARE = 10  # neighbours beyond those needed, so that a strike seldom costs a search
BLOCK = 512  # new exemplars to multiply at once


def queries_of(
    vectors: F32,
    labels: Sequence[str] = (),
    *,
    contents: Sequence[str | None] = (),
    originals: Sequence[str | None] = (),
    leave_out: bool = True,
    skipped: Sequence[Skipped] = (),
) -> Queries:
    """Images from elsewhere by their vectors, (q, dim) float32 of unit length, and content ids, none by default.

    ``originals`` are the content ids of the whole images of which some are parts.
    """
    content = np.array([content_key(one) for one in contents or [None] * len(vectors)], np.int64)
    twin = np.array([vector_hash(vector) for vector in vectors], np.int64)
    whole = np.array([content_key(one) for one in originals or [None] * len(vectors)], np.int64)
    keys = ContentKeys(content, twin, np.zeros_like(content), np.where(whole != 0, whole, content))
    return Queries(vectors, keys, tuple(labels), leave_out=leave_out, skipped=tuple(skipped))


def watched_queries(watched: Sequence[Watched]) -> Queries:
    """Images of the watch set, each with its vector, at least one: decided without exemplars of their content."""
    images = [one.image for one in watched]
    return queries_of(
        np.stack([image.vector for image in images if image.vector is not None]),
        [one.expected for one in watched],
        contents=[image.content for image in images],
        originals=[image.original for image in images],
    )


class TrackedDecisions:
    """The decisions of ``queries``, kept up to date. For one thread at a time.

    ``nearest_many`` searches what has to be searched.

    With nothing left out, a query's list is what ``Searcher.nearest`` would find of different vectors.
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
        self._move(touched[was & ~now], touched[now & ~was], snapshot.vectors_of)
        self._search(self._lists.short(self._need), report)

    def as_if(self, edited: Snapshot, added: F32, *, report: Report = silent) -> TrackedDecisions:
        """The decisions as if the memory were ``edited``; these ones and the memory stay as they are.

        ``edited`` is the last snapshot, ``changed``; ``added`` are the vectors of its rows behind all others. What is
        returned can only ``decide``.
        """
        here = self._snapshot
        n = len(here)
        left = np.flatnonzero(here.active & ~edited.active[:n])
        came = np.flatnonzero(edited.active & ~np.append(here.active, np.zeros(len(edited) - n, bool)))
        other = copy.copy(self)
        other._lists, other._solved = self._lists.copy(), self._solved.copy()
        other._lists.take_out(left)
        other._search(other._lists.short(self._need), report, without=left)
        other._snapshot = edited
        other._copies = self._copies.joined(self.queries.copies(edited, first=n))

        def vectors_of(rows: I64) -> F32:
            vectors = np.empty((len(rows), self.queries.vectors.shape[1]), np.float32)
            new = rows >= n
            if not new.all():
                vectors[~new] = here.vectors_of(rows[~new])
            if new.any():
                vectors[new] = added[rows[new] - n]
            return vectors

        other._move(left, came, vectors_of)
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
            keys=self.queries.keys._replace(group=np.zeros_like(self.queries.keys.group)),
            own=self._own_class(),
            solved=self._solved,
            different=True,
            hides=self._hides(),
        )

    def _hides(self) -> Hides | None:
        left_out = self.queries.left_out(self._snapshot)
        return None if left_out is None else left_out.hides

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
            found = self._nearest_many(
                self._snapshot, queries.vectors, width, excluded_rows=out, report=report, different=True
            )
            self._lists.put(which, found)

    def _move(self, left: I64, came: I64, vectors_of: Callable[[I64], F32]) -> None:
        """Bring the lists up to the rows that ``left`` and ``came``, now that the snapshot is the one after that.

        Where they have copies, all exemplars of their vectors leave, and those that a query may see come in again: the
        first of them stands in its list.
        """
        snapshot = self._snapshot
        copied = np.intersect1d(np.concatenate([left, came]), snapshot.copied)
        if len(copied):
            alike = snapshot.copied[np.isin(snapshot.twin[snapshot.copied], snapshot.twin[copied])]
            left, came = np.union1d(left, alike), np.union1d(came, alike[snapshot.active[alike]])
        bounds = self._lists.bounds()
        self._lists.take_out(left)
        self._let_in(came, vectors_of, bounds)

    def _let_in(self, came: I64, vectors_of: Callable[[I64], F32], bounds: tuple[F64, I64]) -> None:
        """Put the rows ``came``, increasing, which vote now, into every list they are near enough for; of equal vectors
        only the first that the query may see."""
        asked, twin = self.queries.vectors, self._snapshot.twin
        _, first, of = np.unique(twin[came], return_index=True, return_inverse=True)
        for start in range(0, len(first), BLOCK):
            vectors = vectors_of(came[first[start : start + BLOCK]])
            with one_blas_thread():  # several would wait for each other longer than such a product takes
                near = asked @ vectors.T >= (1.0 - bounds[0] - TIE)[:, None]
            queries, at = np.nonzero(near)
            rows = came[first[start + at]]
            if len(first) < len(came) or self.queries.leave_out:
                queries, at, rows = self._first_seen(queries, at, came, of - start)
            cosine = np.einsum("ij,ij->i", vectors[at].astype(np.float64), asked[queries].astype(np.float64))
            self._lists.insert(queries, rows, np.minimum(np.maximum(1.0 - cosine, 0.0), 2.0), bounds)

    def _first_seen(self, queries: I64, at: I64, came: I64, of: I64) -> tuple[I64, I64, I64]:
        """Of pairs of a query and the number of a vector those of which the query may see an exemplar, and the first.

        ``of`` are the numbers of the vectors of ``came``.
        """
        order = np.argsort(of, kind="stable")
        start, end = of[order].searchsorted(at), of[order].searchsorted(at, "right")
        pair = np.repeat(np.arange(len(at)), end - start)
        rows = came[order[np.arange(len(pair)) - np.repeat(np.cumsum(end - start) - end, end - start)]]
        hides = self._hides()
        if hides is not None:
            seen = ~hides(queries[pair], rows)
            pair, rows = pair[seen], rows[seen]
        pair, first = np.unique(pair, return_index=True)
        return queries[pair], at[pair], rows[first]


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
