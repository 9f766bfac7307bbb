"""The weights that a joint rule found for many queries: an edit has those solved again whose neighbours it moved."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

import numpy as np

from visualmemory_gui.engine.types import F64, I64


class SolvedWeights:
    """For queries that stay the same, over snapshots in which a row stays the same exemplar.

    A weight depends on the rows that vote and on what trust below 1 they have, and on nothing else that an edit moves.
    """

    def __init__(self) -> None:
        self._rows: I64 = np.empty((0, 0), np.int64)
        self._voice: F64 = np.empty((0, 0))
        self._weights: F64 = np.empty((0, 0))
        self._way: object = None

    def weights(self, rows: I64, voice: F64, way: object, solve: Callable[[I64], F64]) -> F64:
        """The weights of the lists ``rows``, (q, k); ``solve(which)`` finds those of some queries, by ``way``."""
        found = np.zeros(rows.shape)
        left = np.arange(len(rows))
        if rows.shape == self._rows.shape and way == self._way:
            same = ((rows == self._rows) & (voice == self._voice)).all(axis=1)
            found[same] = self._weights[same]
            left = np.flatnonzero(~same)
        if len(left):
            found[left] = solve(left)
        self._rows, self._voice, self._weights, self._way = rows.copy(), voice, found, way
        return found

    def keep(self, which: I64) -> None:
        """Go on with these queries only."""
        if len(self._rows):
            self._rows, self._voice, self._weights = self._rows[which], self._voice[which], self._weights[which]

    def grow(self, queries: int) -> None:
        """Go on with so many more, of which nothing is known: no list holds a row of -2."""
        if len(self._rows):
            more = ((0, queries), (0, 0))
            self._rows = np.pad(self._rows, more, constant_values=-2)
            self._voice, self._weights = np.pad(self._voice, more), np.pad(self._weights, more)

    def copy(self) -> SolvedWeights:
        """Another one that goes on by itself: the arrays are replaced and never written into."""
        return copy(self)
