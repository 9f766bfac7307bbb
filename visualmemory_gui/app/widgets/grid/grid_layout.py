"""The places of the cells in a grid of equal cells. Arithmetic only: a million cells cost as much as one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class GridLayout:
    """``count`` cells of ``cell_w`` x ``cell_h`` pixels (gap included) in rows of ``width``, within ``margin``."""

    count: int
    width: int
    cell_w: int
    cell_h: int
    margin: int

    @property
    def columns(self) -> int:
        return max(1, (self.width - 2 * self.margin) // self.cell_w)

    @property
    def pitch(self) -> int:
        """The distance from one column to the next: the spare width is spread between them."""
        return max(self.cell_w, (self.width - 2 * self.margin) // self.columns)

    @property
    def rows(self) -> int:
        return -(-self.count // self.columns)

    @property
    def height(self) -> int:
        return self.rows * self.cell_h + 2 * self.margin

    def origin(self, at: int) -> tuple[int, int]:
        """Left and top of cell ``at``, in the coordinates of the whole grid."""
        row, column = divmod(at, self.columns)
        return self.margin + column * self.pitch, self.margin + row * self.cell_h

    def at(self, x: int, y: int, *, gap: int = 0) -> int:
        """The cell at a point, -1 in the gaps (``gap`` pixels at the right and the bottom of a cell) and beyond."""
        column, right = divmod(x - self.margin, self.pitch)
        row, down = divmod(y - self.margin, self.cell_h)
        found = row * self.columns + column
        inside = 0 <= column < self.columns and row >= 0 and 0 <= found < self.count
        return found if inside and right < self.cell_w - gap and down < self.cell_h - gap else -1

    def between(self, top: int, bottom: int) -> range:
        """The first and last cell that a strip of the whole grid shows."""
        first = max(0, (top - self.margin) // self.cell_h) * self.columns
        last = (max(0, bottom - self.margin) // self.cell_h + 1) * self.columns
        return range(min(first, self.count), min(last, self.count))

    def touched(self, left: int, top: int, right: int, bottom: int) -> npt.NDArray[np.int64]:
        """The cells that a rectangle touches, in increasing order."""
        columns = np.arange(self.columns)
        starts = self.margin + columns * self.pitch
        columns = columns[(starts <= right) & (starts + self.cell_w > left)]
        first = max(0, (top - self.margin) // self.cell_h)
        rows = np.arange(first, min(self.rows - 1, (bottom - self.margin) // self.cell_h) + 1)
        cells = (rows[:, None] * self.columns + columns[None, :]).ravel()
        return cells[cells < self.count].astype(np.int64)
