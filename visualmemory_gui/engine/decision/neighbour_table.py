"""The nearest exemplars of many queries as two arrays that grow, shrink and stay in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import Retrieved
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.types import F64, I64, Bools

_LAST_ROW = np.iinfo(np.int64).max


class NeighbourTable:
    """``rows`` and ``distances`` are (q, width): each line in the order (distance, row), ABSENT and infinity behind.

    A line holds the very nearest there are, without a gap; ``complete`` lines hold everything there is.
    """

    def __init__(self, queries: int, width: int) -> None:
        self.width = width
        self.rows: I64 = np.full((queries, width), ABSENT, np.int64)
        self.distances: F64 = np.full((queries, width), np.inf)
        self.complete: Bools = np.zeros(queries, bool)

    @classmethod
    def of(cls, found: Sequence[Retrieved], width: int) -> NeighbourTable:
        """What a search for ``width`` neighbours of each query found."""
        table = cls(len(found), width)
        table.put(np.arange(len(found)), found)
        return table

    @property
    def arrays(self) -> tuple[I64, F64]:
        return self.rows, self.distances

    def __len__(self) -> int:
        return len(self.rows)

    def copy(self) -> NeighbourTable:
        """Another one that can be changed alone."""
        other = NeighbourTable(0, self.width)
        other.rows, other.distances, other.complete = self.rows.copy(), self.distances.copy(), self.complete.copy()
        return other

    def grow(self, queries: int) -> None:
        """Put that many empty lines at the end."""
        more = NeighbourTable(queries, self.width)
        self.rows = np.concatenate([self.rows, more.rows])
        self.distances = np.concatenate([self.distances, more.distances])
        self.complete = np.concatenate([self.complete, more.complete])

    def keep(self, which: I64) -> None:
        """Keep these lines only."""
        self.rows, self.distances = self.rows[which], self.distances[which]
        self.complete = self.complete[which]

    def put(self, which: I64, found: Sequence[Retrieved]) -> None:
        """Replace lines by what a search for ``width`` neighbours found."""
        self.rows[which], self.distances[which] = ABSENT, np.inf
        for line, one in zip(which, found, strict=True):
            self.rows[line, : len(one.rows)] = one.rows
            self.distances[line, : len(one.rows)] = one.distances
            self.complete[line] = len(one.rows) < self.width

    def short(self, need: int) -> I64:
        """Lines that should hold ``need`` neighbours and do not."""
        return np.flatnonzero(~self.complete & (self.lengths() < need))

    def lengths(self) -> I64:
        out: I64 = (self.rows != ABSENT).sum(axis=1)
        return out

    def bounds(self) -> tuple[F64, I64]:
        """The last (distance, row) of each line, up to which it lacks nothing: a newcomer beyond would leave a gap.

        Beyond every other where a line is complete, before every other where it is empty otherwise.
        """
        lengths = self.lengths()
        last = np.arange(len(self)), np.maximum(lengths - 1, 0)
        distance = np.where(lengths > 0, self.distances[last], -np.inf)
        return np.where(self.complete, np.inf, distance), np.where(self.complete, _LAST_ROW, self.rows[last])

    def holding(self, rows: I64) -> I64:
        """The lines in which any of ``rows`` is."""
        return np.flatnonzero(self._are(rows).any(axis=1))

    def take_out(self, gone: I64) -> None:
        """Remove the rows ``gone`` from every line."""
        out = self._are(gone)
        lines = np.flatnonzero(out.any(axis=1))
        if not len(lines):
            return
        out = out[lines]
        rows = np.where(out, ABSENT, self.rows[lines])
        distances = np.where(out, np.inf, self.distances[lines])
        order = np.argsort(out, axis=1, kind="stable")
        self.rows[lines] = np.take_along_axis(rows, order, axis=1)
        self.distances[lines] = np.take_along_axis(distances, order, axis=1)

    def _are(self, rows: I64) -> Bools:
        """The places at which one of ``rows`` is."""
        if not len(rows) or not self.rows.size:
            return np.zeros(self.rows.shape, bool)
        marked = np.zeros(max(int(self.rows.max()), int(rows.max())) + 2, bool)  # ABSENT reads the last
        marked[rows] = True
        out: Bools = marked[self.rows]
        return out

    def insert(self, lines: I64, rows: I64, distances: F64, bounds: tuple[F64, I64]) -> None:
        """Put each of ``rows`` into its line, (n,) each and lines increasing, if it is within the ``bounds``: those
        of the table before rows were taken out that may come in again."""
        if not len(lines):
            return
        bound, bound_row = (part[lines] for part in bounds)
        fits = (distances < bound) | ((distances == bound) & (rows < bound_row))
        lines, rows, distances = lines[fits], rows[fits], distances[fits]
        if not len(lines):
            return
        which, start, counts = np.unique(lines, return_index=True, return_counts=True)
        place = np.arange(len(lines)) - np.repeat(start, counts)
        line = np.repeat(np.arange(len(which)), counts)
        new_rows = np.full((len(which), int(counts.max())), ABSENT, np.int64)
        new_distances = np.full(new_rows.shape, np.inf)
        new_rows[line, place], new_distances[line, place] = rows, distances
        self._merge(which, new_rows, new_distances)

    def _merge(self, which: I64, new_rows: I64, new_distances: F64) -> None:
        rows = np.concatenate([self.rows[which], new_rows], axis=1)
        distances = np.concatenate([self.distances[which], new_distances], axis=1)
        order = np.lexsort((np.where(rows == ABSENT, _LAST_ROW, rows), distances), axis=-1)[:, : self.width]
        self.complete[which] &= (rows != ABSENT).sum(axis=1) < self.width
        self.rows[which] = np.take_along_axis(rows, order, axis=1)
        self.distances[which] = np.take_along_axis(distances, order, axis=1)
