"""The searcher: chooses between exact search and the graph, rescores what they propose, and keeps the graph alive."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.index import checkpoint, graph, supposed_exemplars
from visualmemory_gui.engine.index.base import NO_ROWS, ExactSearch
from visualmemory_gui.engine.index.building import build, live_digest, settle
from visualmemory_gui.engine.index.checkpoint import Unfit
from visualmemory_gui.engine.index.device_exact import DeviceExactIndex
from visualmemory_gui.engine.index.duplicates import TwinRows
from visualmemory_gui.engine.index.exact import ExactIndex
from visualmemory_gui.engine.index.graph import NoRoom
from visualmemory_gui.engine.index.hnsw import HnswIndex, View
from visualmemory_gui.engine.index.rescore import rescore, rescore_many
from visualmemory_gui.engine.index.supposed_exemplars import own_part
from visualmemory_gui.engine.processes.parallel import shared_out
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64, Bools, IndexState, SearchInfo, SearchMode

log = logging.getLogger(__name__)

BLOCK_QUERIES = 1024
LARGE_BLOCK = 8192
"""Queries that exact search takes together, reporting in between: it reuses up to 256 MB from product to product."""

DUE_SHARE = 0.01
DUE_LEAST = 1000
MOST_MARKED = 0.3
"""Share of the graph's nodes that may be marked deleted before rebuilding it is worthwhile."""


FIRST_QUERIES = 3
"""Queries that exact search answers, reading the vectors from the disk, before the graph is read: which takes about as
long as these together."""

_BY_GRAPH = SearchInfo("hnsw", "cpu")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The neighbours of one query, nearest first: rows of the snapshot, distances in [0, 2], how they were found."""

    rows: I64
    distances: F64
    info: SearchInfo


class Searcher:
    """Finds neighbours on any snapshot, from any thread; owns no thread and no file.

    ``encoder`` names the encoder whose vectors these are (a checkpoint of another one is not read), ``exact_limit`` is
    in vector components, ``device`` is where exact search computes, ``threads`` 0 means one per core.
    """

    def __init__(
        self, dim: int, *, encoder: str = "", exact_limit: int = 26_000_000, device: str = "cpu", threads: int = 0
    ) -> None:
        self.dim = dim
        self.encoder = encoder
        self.exact_limit = exact_limit
        self._threads = threads or os.cpu_count() or 1
        self._exact = _exact_on(device, dim, threads=self._threads)
        self._hnsw = HnswIndex(threads=self._threads)
        self._building = threading.Lock()
        self._saved: int | None = None
        self._unread: Callable[[Snapshot], None] | None = None  # reads the checkpoint
        self._first_queries = 0
        self._no_room = False  # a graph does not fit into main memory
        self.deferred = False  # True if the caller reads the checkpoint in the background

    @property
    def device(self) -> str:
        """Where exact search computes: "cpu" from when the device could not."""
        return self._exact.device

    @property
    def graph_live(self) -> bool:
        return self._hnsw.view is not None

    def nearest(
        self,
        snapshot: Snapshot,
        query: F32,
        k: int,
        *,
        mode: SearchMode = "auto",
        excluded: Collection[int] = (),
        different: bool = False,
    ) -> SearchResult:
        """The ``k`` nearest active exemplars by (distance, id), without those whose ids are ``excluded``.

        ``different``: the k nearest vectors, of each the first exemplar. Raises VisualMemoryError where ``mode`` is
        "hnsw" and hnswlib is missing.
        """
        out = rows_of_known(snapshot, excluded) if excluded else NO_ROWS
        more = NO_ROWS
        if different:
            more, snapshot = _stand_ins(snapshot, out), snapshot.different
        if self._graph_decides(snapshot, mode, queries=1):
            proposed = self._hnsw.candidates(snapshot, query, k, excluded=out)
            if proposed is not None:
                return SearchResult(*rescore(snapshot, _joined(proposed, more), query, k), _BY_GRAPH)
        self._bring_in(snapshot)
        rows = supposed_exemplars.candidates(self._exact, snapshot, query, k, excluded=out)
        return SearchResult(*rescore(snapshot, _joined(rows, more), query, k), self._by_exact(snapshot))

    def nearest_many(
        self,
        snapshot: Snapshot,
        queries: F32,
        k: int,
        *,
        excluded_rows: Callable[[int], I64] | None = None,
        report: Report = silent,
        mode: SearchMode = "auto",
        different: bool = False,
    ) -> list[SearchResult]:
        """``nearest`` for each row of ``queries`` (q, d); ``excluded_rows(i)`` names rows that query i must not see."""
        by_graph = self._graph_decides(snapshot, mode, queries=len(queries))
        found: list[SearchResult] = []
        block = BLOCK_QUERIES if by_graph else LARGE_BLOCK
        for start in range(0, len(queries), block):
            report(start, len(queries))
            part = queries[start : start + block]
            out = [NO_ROWS if excluded_rows is None else excluded_rows(start + i) for i in range(len(part))]
            within = _within(report, start, len(queries))
            more: Sequence[I64] = ()
            if different and len(snapshot.twin_groups):
                more = [_stand_ins(snapshot, rows) for rows in out]
            searched = snapshot.different if different else snapshot
            found += self._block(searched, part, k, excluded=out, more=more, by_graph=by_graph, report=within)
        report(len(queries), len(queries))
        return found

    def exact_many(
        self,
        snapshot: Snapshot,
        queries: F32,
        k: int,
        *,
        excluded_rows: Callable[[int], I64] | None = None,
        report: Report = silent,
        different: bool = False,
    ) -> list[SearchResult]:
        """``nearest_many`` by exact search, also of a snapshot whose exemplars are active or not as a study supposes:
        on the device where the vectors lie."""
        return self.nearest_many(
            snapshot, queries, k, excluded_rows=excluded_rows, report=report, mode="exact", different=different
        )

    def shadow(
        self, snapshot: Snapshot, query: F32, found: SearchResult, *, excluded: Collection[int] = ()
    ) -> Bools | None:
        """Which of the neighbours ``found`` the graph also finds; None when there is no graph that could tell."""
        out = rows_of_known(snapshot, excluded)
        count = len(found.rows)
        proposed = self._hnsw.candidates(snapshot, query, count, excluded=out) if count else None
        if proposed is None:
            return None
        also: Bools = np.isin(found.rows, rescore(snapshot, proposed, query, count)[0])
        return also

    def follow(self, snapshot: Snapshot) -> None:
        """Bring what is derived up to an edit that was just committed; at most about 20 ms.

        Decisions are right without it: what the graph does not hold yet is searched outside it.
        """
        self._exact.follow(snapshot)
        self._hnsw.follow(snapshot)

    def build(self, snapshot: Snapshot, report: Report = silent) -> None:
        """Rebuild the graph from ``snapshot`` while edits and decisions go on; Cancelled leaves all as it was."""
        with self._building:
            self._build(snapshot, report)

    def save(self, folder: Path, snapshot: Snapshot) -> None:
        """Write the checkpoint of the graph, brought up to ``snapshot``; does nothing without a graph.

        Decisions and edits can go on. Raises StorageError; the previous checkpoint then stays valid.
        """
        with self._hnsw.settled(snapshot) as view:
            if view is None:
                return
            change, live = view.followed.change, live_digest(view.graph, view.followed)
            seal = checkpoint.write(
                folder, view.graph, view.widths, dim=self.dim, encoder=self.encoder, change=change, live=live
            )
            self._saved = seal.change

    def expect(self, folder: Path, *, delete: bool, tell: Callable[[str | None], None]) -> None:
        """Leave the checkpoint in ``folder`` where it is until it is needed: by name, by more than a few queries, or by
        ``load_expected``. ``tell`` is called with what ``load`` then returns."""
        self.peek(folder)

        def read(snapshot: Snapshot) -> None:
            tell(self.load(folder, snapshot, delete=delete))

        self._unread = read

    def load_expected(self, snapshot: Snapshot) -> None:
        """Read the checkpoint that was left where it is, if any. Decisions and edits can go on: they are searched
        exactly until then."""
        with self._building:
            unread = self._unread
            if unread is not None:
                unread(snapshot)
                self._unread = None

    def load(self, folder: Path, snapshot: Snapshot, *, delete: bool = True) -> str | None:
        """Read the checkpoint in ``folder`` if there is one and bring it up to ``snapshot``.

        Returns None, or why it could not be used, to follow "the index is rebuilt because"; such a checkpoint is
        deleted unless ``delete`` is False (the memory is open for reading). Where main memory has no room for it, it
        stays on the disk and exact search decides.
        """
        generation = self._hnsw.generation
        try:
            seal = checkpoint.read_seal(folder)
            if seal is None:
                return None
            made = checkpoint.load(folder, seal, dim=self.dim, encoder=self.encoder, change=snapshot.change)
            twins = TwinRows.of(snapshot.twin)
            pending = settle(made, twins, snapshot, change=seal.change, live_digest=seal.live)
        except NoRoom as error:
            self._do_without(error)
            return None
        except Unfit as unfit:
            if delete:
                checkpoint.delete(folder)
            self._saved = None
            return str(unfit)
        view = View(made, seal.tuned(), snapshot, twins, pending)
        if self._hnsw.install(view, generation=generation):
            self._saved = seal.change
        return None

    def peek(self, folder: Path) -> None:
        """Find out from the seal in ``folder`` how old the checkpoint is, without reading it, for ``state``."""
        self._saved = checkpoint.saved_change(folder)

    def drop(self, folder: Path | None = None) -> str | None:
        """Drop the graph immediately, and delete its files in ``folder``. A build in progress will not be used.

        Vectors on a GPU are erased, and not uploaded again: returns its name, None where none held any.
        """
        device = self._exact.holder
        self._unread = None
        self._hnsw.drop()
        self._exact.close()
        self._saved = None
        if folder is not None:
            checkpoint.delete(folder)
        return device

    def catch_up(self, snapshot: Snapshot) -> None:
        """Bring the graph up to ``snapshot``, however long it takes: reading it first, where it was left on disk."""
        self.load_expected(snapshot)
        self._hnsw.catch_up(snapshot)

    def erase(self, folder: Path, before: Snapshot, snapshot: Snapshot) -> bool:
        """Delete the checkpoint in ``folder``, and erase from the graph what ``before`` had and ``snapshot``, the same
        without some rows, has not. False where the graph is gone."""
        checkpoint.delete(folder)
        self._saved = None
        return self._hnsw.erase(before, snapshot)

    def erasable(self, snapshot: Snapshot) -> bool:
        """Whether it is worth while to keep the graph when a few exemplars are forgotten: it decides here."""
        return self._hnsw.lives_for(snapshot) and self.exceeds(snapshot)

    def saved(self, snapshot: Snapshot) -> bool:
        """Whether the checkpoint on disk is of ``snapshot``, so that writing it again would change nothing."""
        view = self._hnsw.view
        return self._saved == snapshot.change and not (view and view.widths.outgrown(view.graph.live))

    @property
    def unsaved(self) -> bool:
        """Whether there is a graph and no checkpoint of it."""
        return self._saved is None and self.graph_live

    def state(self, snapshot: Snapshot) -> IndexState:
        """Which search decides in mode "auto", and how many edits the checkpoint on disk lacks."""
        large = self.exceeds(snapshot)
        behind = None if self._saved is None else max(snapshot.change - self._saved, 0)
        by_graph = large and (self._hnsw.lives_for(snapshot) or behind is not None)
        device = self._exact.where(snapshot)
        return IndexState(
            "hnsw" if by_graph else "exact",
            current=behind == 0 or not large,
            behind=behind,
            device=None if device == "cpu" else device,
        )

    def due(self, snapshot: Snapshot) -> bool:
        """Whether a checkpoint should be written: 1 % of the rows, at least 1,000, changed since the last one.

        Also when the graph has doubled, since saving measures again how wide it must be searched.
        """
        view = self._hnsw.view
        if view is None or not self._hnsw.lives_for(snapshot):
            return False
        if self._saved is None or view.widths.outgrown(view.graph.live):
            return True
        return much_changed(snapshot, self._saved)

    def wants_build(self, snapshot: Snapshot) -> bool:
        """Whether to build a graph in the background: it would be used and is missing, or mostly marked deleted."""
        view = self._hnsw.view
        if view is None or not self._hnsw.lives_for(snapshot):
            return self.exceeds(snapshot) and not self._no_room
        return len(view.graph) - view.graph.live > MOST_MARKED * len(view.graph)

    def close(self) -> None:
        self._hnsw.close()
        self._exact.close()

    def exceeds(self, snapshot: Snapshot) -> bool:
        """Whether the graph is to propose in mode "auto"."""
        large = len(snapshot) * self.dim > self.exact_limit
        return large and graph.installed() and self._exact.where(own_part(snapshot)) == "cpu"

    def _by_exact(self, snapshot: Snapshot) -> SearchInfo:
        return SearchInfo("exact", self._exact.where(own_part(snapshot)))

    def _bring_in(self, snapshot: Snapshot) -> None:
        """Read all vectors into main memory where exact search is to go over them again and again."""
        if snapshot.on_disk and not self.exceeds(snapshot):
            _ = snapshot.vectors

    def _graph_decides(self, snapshot: Snapshot, mode: SearchMode, *, queries: int) -> bool:
        """Whether the graph is searched first. Requested by name on a small memory, it is built immediately."""
        if self._unread is not None and mode != "exact":
            self._first_queries += queries
            if mode == "hnsw" or (self._first_queries > FIRST_QUERIES and not self.deferred):
                self.load_expected(snapshot)
        if mode == "hnsw" and not self._hnsw.lives_for(snapshot) and not self.exceeds(snapshot):
            with self._building:
                if not self._hnsw.lives_for(snapshot):
                    self._build(snapshot, silent)
        return mode == "hnsw" or (mode == "auto" and self.exceeds(snapshot))

    def _build(self, snapshot: Snapshot, report: Report) -> None:
        generation = self._hnsw.generation
        try:
            built, widths = build(snapshot, report, threads=self._threads)
        except NoRoom as error:
            self._do_without(error)
            return
        view = View(built, widths, snapshot, TwinRows.of(snapshot.twin), NO_ROWS)
        self._no_room = False
        if self._hnsw.install(view, generation=generation):
            self._saved = None

    def _do_without(self, error: NoRoom) -> None:
        """From now on exact search decides, which needs no vector in main memory."""
        log.warning("exact search decides: %s", error)
        self._no_room, self._saved = True, None

    def _block(
        self,
        snapshot: Snapshot,
        queries: F32,
        k: int,
        *,
        excluded: Sequence[I64],
        more: Sequence[I64],
        by_graph: bool,
        report: Report,
    ) -> list[SearchResult]:
        """``more`` are candidates of each query beside those that an index proposes, if there are any."""
        proposed: list[I64 | None] = [None] * len(queries)
        if by_graph:
            proposed = self._hnsw.candidates_many(snapshot, queries, k, excluded=excluded)
        open_ = [i for i, rows in enumerate(proposed) if rows is None]
        if open_:
            self._bring_in(snapshot)
            part, out = queries[open_], [excluded[i] for i in open_]
            exact = supposed_exemplars.candidates_many(self._exact, snapshot, part, k, excluded=out, report=report)
            for i, rows in zip(open_, exact, strict=True):
                proposed[i] = rows
        by, by_exact = [_BY_GRAPH] * len(queries), self._by_exact(snapshot)
        for i in open_:
            by[i] = by_exact

        def rescored(part: slice) -> list[SearchResult]:
            candidates = [NO_ROWS if rows is None else rows for rows in proposed[part]]
            if more:
                candidates = [_joined(rows, others) for rows, others in zip(candidates, more[part], strict=True)]
            near = rescore_many(snapshot, candidates, queries[part], k)
            return [SearchResult(*one, info) for one, info in zip(near, by[part], strict=True)]

        return shared_out(rescored, len(queries), threads=self._threads)


def much_changed(snapshot: Snapshot, saved: int) -> bool:
    """Whether what was written at the change number ``saved`` should be written again."""
    changed = int(np.count_nonzero(snapshot.row_change > saved))
    return changed >= max(DUE_LEAST, DUE_SHARE * len(snapshot))


def nearest_exact(
    snapshot: Snapshot,
    queries: F32,
    k: int,
    *,
    excluded_rows: Callable[[int], I64] | None = None,
    report: Report = silent,
    different: bool = False,
) -> list[SearchResult]:
    """``Searcher.exact_many`` on the CPU, of any snapshot, even of one that no memory has published."""
    searcher = Searcher(queries.shape[1])
    return searcher.exact_many(snapshot, queries, k, excluded_rows=excluded_rows, report=report, different=different)


def _stand_ins(snapshot: Snapshot, excluded: I64) -> I64:
    """Of each vector whose first active exemplar is ``excluded`` the first one that is not: the search for different
    vectors does not see it (``Snapshot.different``)."""
    groups = snapshot.twin_groups
    if not len(groups) or not len(excluded):
        return NO_ROWS
    found = []
    for group in np.unique(groups.number[excluded]).tolist():
        members = groups.members(group) if group >= 0 else NO_ROWS
        left = members[~np.isin(members, excluded)]
        if len(left) > 0 and left[0] != members[0]:
            found.append(int(left[0]))
    return np.array(found, np.int64)


def _joined(candidates: I64, more: I64) -> I64:
    """Both, increasing."""
    return np.union1d(candidates, more) if len(more) else candidates


def _within(report: Report, start: int, whole: int) -> Report:
    """``report`` for a part of the queries that begins at ``start``."""
    return lambda done, total, what="": report(start + done, whole, what)


def _exact_on(device: str, dim: int, *, threads: int) -> ExactSearch:
    if device == "cpu":
        return ExactIndex(threads=threads)
    from visualmemory_gui.engine.index.torch_exact import TorchExactIndex  # late: torch takes seconds

    return DeviceExactIndex(TorchExactIndex(dim, device), threads=threads)


def rows_of_known(snapshot: Snapshot, ids: Collection[int]) -> I64:
    """The rows of those ``ids`` that are in the snapshot."""
    rows = snapshot.rows_if_here(np.array([one for one in ids if one < 2**63], np.int64))
    return rows[rows >= 0]
