"""Which cells of a grid are selected, with the behaviour of file managers. No window in here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
NO_PLACE: npt.NDArray[np.intp] = np.empty(0, np.intp)


class GridSelection:
    """The selection. ``current`` is the cell with the focus, ``anchor`` where a range began; both -1 without cells."""

    def __init__(self) -> None:
        self._ids: Ids = np.empty(0, np.int64)
        self._mask = np.empty(0, bool)
        self._base = np.empty(0, bool)
        self.current = -1
        self.anchor = -1

    def __len__(self) -> int:
        return int(np.count_nonzero(self._mask))

    @property
    def ids(self) -> list[int]:
        """Ids of the selected exemplars, in the order of the grid."""
        found: list[int] = self._ids[self._mask].tolist()
        return found

    @property
    def array(self) -> Ids:
        """The same as an array, (n,) int64."""
        return self._ids[self._mask]

    @property
    def current_id(self) -> int | None:
        return int(self._ids[self.current]) if 0 <= self.current < len(self._ids) else None

    def runs(self) -> Ids:
        """The first and last place of every unbroken run of selected cells, (n, 2) int64, increasing."""
        if not self._mask.any():
            return np.empty((0, 2), np.int64)
        edges = np.flatnonzero(np.diff(self._mask, prepend=False, append=False))
        return np.stack([edges[::2], edges[1::2] - 1], axis=1)

    def holds(self, at: int) -> bool:
        return bool(self._mask[at])

    def set_ids(self, ids: Ids) -> None:
        """Replace the cells; what is selected stays selected if it still exists."""
        kept, current = self._ids[self._mask], self.current_id
        was, self._ids = self.current, ids
        self._mask = np.isin(ids, kept, assume_unique=True) if len(kept) else np.zeros(len(ids), bool)
        at = place_of(ids, current)
        # If the current exemplar is gone, its place keeps the focus.
        self.current = at if at >= 0 else min(was, len(ids) - 1)
        self.anchor = self.current

    def click(self, at: int) -> None:
        """Select the cell alone."""
        self._mask = np.zeros(len(self._ids), bool)
        self._mask[at] = True
        self.current = self.anchor = at

    def select(self, ids: Ids) -> None:
        """Select those of ``ids`` (n,) that are here, and nothing else; the first of them becomes the current cell."""
        self._mask = np.isin(self._ids, ids, assume_unique=True)
        if self._mask.any() and not (self.current >= 0 and self._mask[self.current]):
            self.current = self.anchor = int(self._mask.argmax())

    def toggle(self, at: int) -> None:
        self._mask[at] = not self._mask[at]
        self.current = self.anchor = at

    def extend(self, at: int) -> None:
        """Select from the anchor to here, and nothing else."""
        start = max(0, self.anchor)
        self._mask = np.zeros(len(self._ids), bool)
        self._mask[min(start, at) : max(start, at) + 1] = True
        self.current, self.anchor = at, start

    def move(self, at: int) -> None:
        """Move the focus there and select nothing."""
        self.current = self.anchor = at

    def select_all(self) -> None:
        self._mask = np.ones(len(self._ids), bool)

    def invert(self) -> None:
        self._mask = ~self._mask

    def clear(self) -> None:
        self._mask = np.zeros(len(self._ids), bool)

    def begin_band(self, *, keep: bool) -> None:
        """Start a rubber band; with ``keep`` it adds to the selection."""
        self._base = self._mask.copy() if keep else np.zeros(len(self._ids), bool)

    def band(self, cells: Ids) -> None:
        """Let the band touch ``cells``."""
        if len(self._base) != len(self._ids):
            self._base = np.zeros(len(self._ids), bool)
        self._mask = self._base.copy()
        self._mask[cells] = True


def place_of(ids: Ids, exemplar: int | None) -> int:
    """The place of ``exemplar`` among ``ids`` (n,), in any order; -1 if it is not there."""
    found = np.flatnonzero(ids == exemplar) if exemplar is not None else NO_PLACE
    return int(found[0]) if len(found) else -1
