"""From a vector's hash to the rows that hold this vector: the way back from the graph's nodes to exemplars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.index.base import NO_ROWS
from visualmemory_gui.engine.types import I64

MOST_RECENT = 4096
"""Rows kept apart before they are merged: one more row then costs microseconds, not a pass over all."""


@dataclass(frozen=True, slots=True)
class TwinRows:
    """Rows grouped by twin hash; immutable, so that readers keep theirs while a writer makes the next.

    ``keys`` is sorted, ``rows`` stands beside it, increasing among equal keys; ``recent_*`` the same for the last rows.
    """

    keys: I64
    rows: I64
    recent_keys: I64
    recent_rows: I64

    @classmethod
    def of(cls, twin: I64) -> TwinRows:
        order = np.argsort(twin, kind="stable")
        return cls(twin[order], order, NO_ROWS, NO_ROWS)

    def __len__(self) -> int:
        return len(self.rows) + len(self.recent_rows)

    def extended(self, twin: I64) -> TwinRows:
        """The same for ``twin``, which begins with the hashes already here."""
        old = len(self)
        if len(twin) == old:
            return self
        keys = np.concatenate((self.recent_keys, twin[old:]))
        rows = np.concatenate((self.recent_rows, np.arange(old, len(twin))))
        order = np.argsort(keys, kind="stable")
        keys, rows = keys[order], rows[order]
        if len(keys) <= MOST_RECENT:
            return TwinRows(self.keys, self.rows, keys, rows)
        at = np.searchsorted(self.keys, keys, "right")
        return TwinRows(np.insert(self.keys, at, keys), np.insert(self.rows, at, rows), NO_ROWS, NO_ROWS)

    def lookup(self, twins: I64) -> tuple[I64, I64]:
        """All rows that hold one of the distinct ``twins``, and for each row the place of its hash in ``twins``."""
        rows, places = _lookup(self.keys, self.rows, twins)
        if not len(self.recent_keys):
            return rows, places
        more, more_places = _lookup(self.recent_keys, self.recent_rows, twins)
        if not len(more):
            return rows, places
        return np.concatenate((rows, more)), np.concatenate((places, more_places))


def _lookup(keys: I64, rows: I64, twins: I64) -> tuple[I64, I64]:
    start = keys.searchsorted(twins, "left")
    if len(keys) and not (keys.take(start + 1, mode="clip") == twins).any():
        # Each is here once at most, as nearly always (the last key of all may look like twins): a third of the work.
        hit = (keys.take(start, mode="clip") == twins).nonzero()[0]
        return rows[start[hit]], hit
    count = keys.searchsorted(twins, "right") - start
    places = np.repeat(np.arange(len(twins)), count)
    before = np.cumsum(count) - count
    return rows[np.arange(len(places)) + np.repeat(start - before, count)], places
