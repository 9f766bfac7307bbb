"""The live index: a graph over the distinct vectors that follows every edit while searches go on.

The graph may lag behind a snapshot, or be ahead of it: rows whose state may differ between the two are always
candidates, so that no answer lacks an exemplar because the graph has not caught up with it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from visualmemory_gui.engine.index.base import NO_ROWS, same_line
from visualmemory_gui.engine.index.duplicates import TwinRows, among_sorted
from visualmemory_gui.engine.index.ef_tuning import BEYOND, Widths, measure_again
from visualmemory_gui.engine.index.exact import nearest_among
from visualmemory_gui.engine.index.graph import Graph, NoRoom, roomy
from visualmemory_gui.engine.index.rescore import TIE
from visualmemory_gui.engine.index.rw_lock import SharedLock
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, I64

log = logging.getLogger(__name__)

BLOCK_ROWS = 32
BLOCK_QUERIES = 64
BUDGET_S = 0.02
MOST_APART = 6_500_000
"""Components of rows searched outside the graph, above which exact search takes over (a quarter of the exact limit)."""
WIDEST = 4096
MOST_ERASED = 0.05
"""Share of the nodes that may be overwritten; with more, the graph is built again."""
ERASED_AT_ONCE, MARKS_FOR_ONE = 4, 500
"""Nodes that are overwritten while searches wait, and how many marks to set cost as much as one of them."""


@dataclass(frozen=True, slots=True)
class View:
    """What a search reads, replaced as a whole. ``pending``: rows of ``followed`` that the graph does not fit yet."""

    graph: Graph
    widths: Widths
    followed: Snapshot
    twins: TwinRows
    pending: I64


class HnswIndex:
    """Proposes candidates from a graph, once there is one. Safe from any thread; only one at a time may edit."""

    kind: Literal["hnsw"] = "hnsw"

    def __init__(self, *, threads: int) -> None:
        self._threads = threads
        self._searching = SharedLock()
        self._changing = threading.Lock()
        self._view: View | None = None
        self.generation = 0

    @property
    def view(self) -> View | None:
        return self._view

    def lives_for(self, snapshot: Snapshot) -> bool:
        """Whether there is a graph, made from the same working set as this snapshot."""
        view = self._view
        return view is not None and same_line(view.followed, snapshot)

    def candidates(self, snapshot: Snapshot, query: F32, count: int, *, excluded: I64 = NO_ROWS) -> I64 | None:
        view, width = self._view, 0
        while view is not None and same_line(view.followed, snapshot):
            width = 2 * width if width else view.widths.of(count)
            with self._searching.shared:
                view = self._view
                hits = view.graph.nearest(query, width) if view and width <= WIDEST else None
            if view is None or hits is None:
                return None
            apart = _apart(view, snapshot, excluded)
            if len(apart) * len(query) > MOST_APART:
                return None
            first = (hits[0][: count + BEYOND], hits[1][: count + BEYOND])  # usually enough
            rows = _usable(view, snapshot, first, count=count, excluded=excluded)
            if rows is None:
                rows = _usable(view, snapshot, hits, count=count, excluded=excluded)
            if rows is not None:
                return np.union1d(rows, nearest_among(snapshot, apart, query, count)) if len(apart) else rows
        return None

    def candidates_many(
        self, snapshot: Snapshot, queries: F32, count: int, *, excluded: Sequence[I64] | None = None
    ) -> list[I64 | None]:
        found: list[I64 | None] = []
        for start in range(0, len(queries), BLOCK_QUERIES):
            part = queries[start : start + BLOCK_QUERIES]
            outs = [NO_ROWS] * len(part) if excluded is None else excluded[start : start + BLOCK_QUERIES]
            found += self._block(snapshot, part, count, outs)
        return found

    def _block(self, snapshot: Snapshot, queries: F32, count: int, excluded: Sequence[I64]) -> list[I64 | None]:
        """The answers that one search for all ``queries`` gives; those it leaves open are then searched one by one."""
        with self._searching.shared:
            view = self._view
            hits = view.graph.nearest_many(queries, view.widths.of(count), threads=self._threads) if view else None
        if view is None or not same_line(view.followed, snapshot):
            return [None] * len(queries)
        simple = hits is not None and not len(_apart(view, snapshot, NO_ROWS))
        found: list[I64 | None] = []
        for i, query in enumerate(queries):
            rows = None
            if simple and hits is not None:
                rows = _usable(view, snapshot, (hits[0][i], hits[1][i]), count=count, excluded=excluded[i])
            found.append(self.candidates(snapshot, query, count, excluded=excluded[i]) if rows is None else rows)
        return found

    def install(self, view: View, *, generation: int) -> bool:
        """Put a graph in use, unless what was there was dropped since ``generation``."""
        with self._changing:
            if generation != self.generation:
                return False
            self._publish(view)
        return True

    def drop(self) -> None:
        """Drop the graph; whatever is building or enlarging one finds out that it is no longer wanted."""
        self.generation += 1
        with self._changing:
            self._publish(None)

    def close(self) -> None:
        self.drop()

    def follow(self, snapshot: Snapshot) -> None:
        """Bring the graph up to an edit, in at most about 20 ms; for now, the rest is searched outside the graph.

        Where the graph is being saved or enlarged it returns immediately: the next call does what was left.
        """
        if self._view is None or not self._changing.acquire(blocking=False):
            return
        try:
            self._advance(snapshot, deadline=time.monotonic() + BUDGET_S)
        finally:
            self._changing.release()

    def catch_up(self, snapshot: Snapshot) -> None:
        """Bring the graph up to ``snapshot``, however long it takes."""
        with self._changing:
            self._advance(snapshot, deadline=None)

    def erase(self, before: Snapshot, snapshot: Snapshot) -> bool:
        """Overwrite the nodes of vectors that ``before`` had and ``snapshot``, the same without some rows, has not; the
        graph then serves ``snapshot``. Searches wait for a few nodes at a time.

        False, and the graph is dropped, where there is none, or too many are to be overwritten for it to stay good.
        """
        self.generation += 1
        with self._changing:
            view = self._advance(before, deadline=None)
            if view is None:
                return False
            graph, twins = view.graph, TwinRows.of(snapshot.twin)
            removed = np.unique(before.twin[~among_sorted(before.ids, snapshot.ids)])
            shared = among_sorted(removed, twins.keys)
            nodes = np.sort(graph.nodes())
            going = among_sorted(nodes, removed[~shared])
            doomed, rest = nodes[going], nodes[~going]
            live = twins.some_row(rest, snapshot.active)
            marked = rest[~live].tolist()
            of_shared = among_sorted(rest, removed[shared])
            if graph.pads + len(doomed) > MOST_ERASED * len(graph):
                self._publish(None)
                return False
            self._publish(View(graph, view.widths, snapshot, twins, NO_ROWS))
            many = max(ERASED_AT_ONCE, (len(marked) + graph.pads) // MARKS_FOR_ONE)
            try:
                with self._searching.alone:  # the forgotten one may be the only active one of equal vectors
                    graph.set_live(rest[of_shared], live[of_shared])
                for start in range(0, len(doomed), many):
                    with self._searching.alone:
                        graph.erase(doomed[start : start + many].tolist(), marked)
            except RuntimeError:
                self._publish(None)
                return False
        return True

    @contextmanager
    def settled(self, snapshot: Snapshot) -> Iterator[View | None]:
        """The graph brought up to ``snapshot`` however long it takes, and unchanged until the end; searches go on.

        Edits made during the block find it busy and leave their rows to the next ``follow``. None where it was dropped.
        """
        with self._changing:
            view = self._advance(snapshot, deadline=None)
            if view is not None and len(view.pending):
                view = None
            if view is not None and view.widths.outgrown(view.graph.live):
                widths = measure_again(view.graph, view.followed, view.widths, threads=self._threads)
                view = replace(view, widths=widths)
                self._publish(view)
            yield view

    def _advance(self, snapshot: Snapshot, *, deadline: float | None) -> View | None:
        view = self._view
        if view is None:
            return None
        if not same_line(view.followed, snapshot):
            self.generation += 1
            self._publish(None)
            return None
        if snapshot.change > view.followed.change:
            view = self._view = _retargeted(view, snapshot)  # the same graph: searches need not wait
        generation = self.generation
        while len(view.pending) and generation == self.generation and (deadline is None or time.monotonic() < deadline):
            if view.graph.room < BLOCK_ROWS:
                try:
                    with self._searching.alone:
                        view.graph.grow(roomy(len(view.graph)))
                except NoRoom as error:
                    log.warning("exact search decides: %s", error)
                    self._publish(None)
                    return None
            view = self._apply_block(view)
        return view

    def _apply_block(self, view: View) -> View:
        """Bring the nodes of the first pending rows to the state they have in the snapshot followed."""
        block, snapshot, graph = view.pending[:BLOCK_ROWS], view.followed, view.graph
        marks: list[tuple[int, bool]] = []
        new: dict[int, int] = {}  # twin to the first row that holds it
        for row, twin in zip(block.tolist(), snapshot.twin[block].tolist(), strict=True):
            lives = True in snapshot.active[view.twins.rows_of(twin)].tolist()
            if graph.holds(twin):
                marks.append((twin, lives))
            elif lives:
                new.setdefault(twin, row)
        done = View(graph, view.widths, snapshot, view.twins, view.pending[BLOCK_ROWS:])
        vectors = snapshot.vectors_of(np.array(list(new.values()), np.int64)) if new else None
        with self._searching.alone:
            if vectors is not None:
                graph.add(vectors, np.array(list(new), np.int64), threads=self._threads)
            for twin, lives in marks:
                graph.mark(twin, lives)
            self._view = done
        return done

    def _publish(self, view: View | None) -> None:
        with self._searching.alone:
            self._view = view


def _retargeted(view: View, snapshot: Snapshot) -> View:
    """``view`` aimed at a newer snapshot: all rows that changed since are pending."""
    if snapshot.previous == view.followed.change:
        changed = snapshot.touched
    else:
        changed = np.flatnonzero(snapshot.row_change > view.followed.change)
    pending = np.union1d(view.pending, changed) if len(view.pending) else changed
    return View(view.graph, view.widths, snapshot, view.twins.extended(snapshot.twin), pending)


def _usable(view: View, snapshot: Snapshot, hits: tuple[I64, F32], *, count: int, excluded: I64) -> I64 | None:
    """The rows that may vote on the nodes hit, nearest first, up to the ``count``-th and what ties with it; increasing.

    None when the hits do not reach beyond it, so that a nearer row may be missing.
    """
    twins, distances = hits
    rows, places = view.twins.lookup(twins)
    near = distances[places]
    if len(view.twins) > len(snapshot) or len(excluded) or not snapshot.active[rows].all():
        votes = _may_vote(rows, snapshot, excluded)
        rows, near = rows[votes], near[votes]
    if len(rows) < count:
        return None
    last = near[count - 1] + TIE
    if last >= distances[-1]:
        return None
    return np.sort(rows[: near.searchsorted(last, "right")])


def _may_vote(rows: I64, snapshot: Snapshot, excluded: I64) -> I64:
    """Places in ``rows`` of those that are in the snapshot, active in it and not excluded."""
    inside = (rows < len(snapshot)).nonzero()[0]
    inside = inside[snapshot.active[rows[inside]]]
    if len(excluded):
        inside = inside[~np.isin(rows[inside], excluded)]
    return inside


def _apart(view: View, snapshot: Snapshot, excluded: I64) -> I64:
    """Rows whose state in the graph may not be that of the snapshot: what is pending, and what changed between."""
    rows = view.pending
    if snapshot.change != view.followed.change:
        older, newer = sorted((view.followed, snapshot), key=lambda s: s.change)
        changed = np.flatnonzero(newer.row_change[: len(snapshot)] > older.change)
        rows = np.union1d(rows, changed)
    return rows[_may_vote(rows, snapshot, excluded)] if len(rows) else rows
