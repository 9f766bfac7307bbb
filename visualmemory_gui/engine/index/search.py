"""The searcher: chooses between exact search and the graph, rescores what they propose, and keeps the graph alive."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.index.base import NO_ROWS
from visualmemory_gui.engine.index.exact import ExactIndex, queries_at_once
from visualmemory_gui.engine.index.rescore import rescore
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64, IndexState, SearchInfo, SearchMode

MARGIN = 10
"""Candidates beyond k, so that a struck exemplar's place is taken without another search."""


@dataclass(frozen=True, slots=True)
class Found:
    """The neighbours of one query, nearest first: rows of the snapshot, distances in [0, 2], how they were found."""

    rows: I64
    distances: F64
    info: SearchInfo


class Searcher:
    """Finds neighbours on any snapshot, from any thread."""

    def __init__(self, dim: int, *, exact_limit: int = 26_000_000, device: str = "cpu", threads: int = 0) -> None:
        self.dim = dim
        self.exact_limit = exact_limit
        self.threads = threads
        self._exact = ExactIndex()

    @property
    def device(self) -> str:
        return self._exact.device

    def nearest(
        self, snapshot: Snapshot, query: F32, k: int, *, mode: SearchMode = "auto", excluded: Collection[int] = ()
    ) -> Found:
        """The ``k`` nearest active exemplars by (distance, id), without those whose ids are ``excluded``."""
        out = _rows_of_known(snapshot, excluded)
        proposed = self._exact.candidates(snapshot, query, k + MARGIN, excluded=out)
        return Found(*rescore(snapshot, proposed, query, k), SearchInfo("exact", self.device))

    def nearest_many(
        self,
        snapshot: Snapshot,
        queries: F32,
        k: int,
        *,
        excluded_rows: Callable[[int], I64] | None = None,
        report: Report = silent,
        mode: SearchMode = "auto",
    ) -> list[Found]:
        """``nearest`` for each row of ``queries`` (q, d); ``excluded_rows(i)`` names rows that query i must not see."""
        info = SearchInfo("exact", self.device)
        found: list[Found] = []
        block = queries_at_once(len(snapshot))
        for start in range(0, len(queries), block):
            report(start, len(queries))
            part = queries[start : start + block]
            out = None if excluded_rows is None else [excluded_rows(start + i) for i in range(len(part))]
            proposed = self._exact.candidates_many(snapshot, part, k + MARGIN, excluded=out)
            found += [
                Found(*rescore(snapshot, rows, query, k), info) for query, rows in zip(part, proposed, strict=True)
            ]
        report(len(queries), len(queries))
        return found

    def follow(self, snapshot: Snapshot) -> None:
        """Bring what is derived up to an edit that was just committed."""
        self._exact.follow(snapshot)

    def state(self, snapshot: Snapshot) -> IndexState:
        return IndexState("exact", current=True)

    def close(self) -> None:
        self._exact.close()


def _rows_of_known(snapshot: Snapshot, ids: Collection[int]) -> I64:
    """Rows of those ``ids`` that are in the snapshot."""
    if not ids:
        return NO_ROWS
    wanted = np.fromiter(ids, np.int64, len(ids))
    rows = np.searchsorted(snapshot.ids, wanted)
    inside = rows < len(snapshot)
    rows, wanted = rows[inside], wanted[inside]
    known: I64 = rows[snapshot.ids[rows] == wanted]
    return known
