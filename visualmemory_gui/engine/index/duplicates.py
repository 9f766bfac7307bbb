"""From a vector's hash to the rows that hold this vector: the way back from the graph's nodes to exemplars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.index.base import NO_ROWS
from visualmemory_gui.engine.types import I64, Bools

MOST_RECENT = 4096
"""Rows kept apart before they are merged: one more row then costs microseconds, not a pass over all."""


@dataclass(frozen=True, slots=True)
class TwinRows:
    """Rows grouped by twin hash; immutable, so that readers keep theirs while a writer makes the next.

    ``keys`` is sorted, ``rows`` runs parallel to it, increasing among equal keys; ``recent_*`` are the same for the
    last rows. ``distinct``: no two of ``keys`` are equal, as is nearly always the case.
    """

    keys: I64
    rows: I64
    recent_keys: I64
    recent_rows: I64
    distinct: bool

    @classmethod
    def of(cls, twin: I64) -> TwinRows:
        order = np.argsort(twin, kind="stable")
        return cls._merged(twin[order], order)

    @classmethod
    def _merged(cls, keys: I64, rows: I64) -> TwinRows:
        return cls(keys, rows, NO_ROWS, NO_ROWS, distinct=not (keys[1:] == keys[:-1]).any())

    def __len__(self) -> int:
        return len(self.rows) + len(self.recent_rows)

    def held_by(self, names: I64) -> Bools:
        """Which rows have a hash among ``names``, which are increasing, (n,): of a mapping that was just made."""
        found = np.empty(len(self.rows), np.bool_)
        found[self.rows] = among_sorted(self.keys, names)
        return found

    def some_row(self, names: I64, of: Bools) -> Bools:
        """For which of ``names``, which are increasing, one of the rows ``of`` (n,) has this hash; as ``held_by``."""
        return among_sorted(names, self.keys[of[self.rows]])

    def extended(self, twin: I64) -> TwinRows:
        """The same for ``twin``, which begins with the hashes already in this one."""
        old = len(self)
        if len(twin) == old:
            return self
        keys = np.concatenate((self.recent_keys, twin[old:]))
        rows = np.concatenate((self.recent_rows, np.arange(old, len(twin))))
        order = np.argsort(keys, kind="stable")
        keys, rows = keys[order], rows[order]
        if len(keys) <= MOST_RECENT:
            return TwinRows(self.keys, self.rows, keys, rows, self.distinct)
        at = np.searchsorted(self.keys, keys, "right")
        return self._merged(np.insert(self.keys, at, keys), np.insert(self.rows, at, rows))

    def rows_of(self, twin: int) -> I64:
        """All rows that hold one vector."""
        rows = _equal(self.keys, self.rows, twin)
        if not len(self.recent_keys):
            return rows
        more = _equal(self.recent_keys, self.recent_rows, twin)
        return np.concatenate((rows, more)) if len(more) else rows

    def lookup(self, twins: I64) -> tuple[I64, I64]:
        """All rows that hold one of the distinct ``twins``, and for each row the place of its hash in ``twins``, in the
        order of these places."""
        find = _among_distinct if self.distinct else _among_equals
        rows, places = find(self.keys, self.rows, twins)
        if not len(self.recent_keys):
            return rows, places
        recent = self.recent_keys
        if not (recent.take(recent.searchsorted(twins), mode="clip") == twins).any():
            return rows, places
        more, more_places = _among_equals(recent, self.recent_rows, twins)
        rows, places = np.concatenate((rows, more)), np.concatenate((places, more_places))
        order = places.argsort(kind="stable")
        return rows[order], places[order]


def among_sorted(values: I64, increasing: I64) -> Bools:
    """Which of ``values`` are among the others: many times faster than ``np.isin`` where both are increasing."""
    if not len(increasing):
        return np.zeros(len(values), np.bool_)
    found: Bools = increasing.take(increasing.searchsorted(values), mode="clip") == values
    return found


def _equal(keys: I64, rows: I64, twin: int) -> I64:
    return rows[keys.searchsorted(twin) : keys.searchsorted(twin, "right")]


def _among_distinct(keys: I64, rows: I64, twins: I64) -> tuple[I64, I64]:
    """``lookup`` where each of ``twins`` occurs at most once: a third of the work."""
    if not len(keys):
        return NO_ROWS, NO_ROWS
    start = keys.searchsorted(twins)
    places = (keys.take(start, mode="clip") == twins).nonzero()[0]
    return rows[start if len(places) == len(twins) else start[places]], places


def _among_equals(keys: I64, rows: I64, twins: I64) -> tuple[I64, I64]:
    start = keys.searchsorted(twins, "left")
    count = keys.searchsorted(twins, "right") - start
    places = np.repeat(np.arange(len(twins)), count)
    before = np.cumsum(count) - count
    return rows[np.arange(len(places)) + np.repeat(start - before, count)], places
