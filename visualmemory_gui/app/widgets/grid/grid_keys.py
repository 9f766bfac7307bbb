"""What the keys do in a grid, as pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

What = Literal["go", "extend", "wander", "all", "none", "toggle", "preview", "open"]
_STEPS = {
    Qt.Key.Key_Left: (-1, 0, 0),
    Qt.Key.Key_Right: (1, 0, 0),
    Qt.Key.Key_Up: (0, -1, 0),
    Qt.Key.Key_Down: (0, 1, 0),
    Qt.Key.Key_PageUp: (0, 0, -1),
    Qt.Key.Key_PageDown: (0, 0, 1),
}
_ENDS = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: -1}


@dataclass(frozen=True, slots=True)
class Move:
    """A move. "go" selects the target alone, "extend" the range to it, "wander" nothing. ``end`` 0: the first cell, -1
    the last. Otherwise ``cells``, ``rows`` and ``pages`` are how far."""

    what: What
    cells: int = 0
    rows: int = 0
    pages: int = 0
    end: int | None = None


def move_of(event: QKeyEvent) -> Move | None:
    """What a key asks of the grid, None if it is not for the grid."""
    key = Qt.Key(event.key())
    control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    what: What = "extend" if shift else "wander" if control else "go"
    if key in _STEPS:
        return Move(what, *_STEPS[key])
    if key in _ENDS:
        return Move(what, end=_ENDS[key])
    if event.matches(QKeySequence.StandardKey.SelectAll):
        return Move("all")
    if key == Qt.Key.Key_Escape:
        return Move("none")
    if key == Qt.Key.Key_Space:
        return Move("toggle" if control else "preview")
    if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        return Move("open")
    return None


def target_of(move: Move, current: int, *, count: int, columns: int, page: int) -> int:
    """The current cell after ``move``, which stays in its column and never leaves the grid."""
    if move.end is not None:
        return 0 if move.end == 0 else count - 1
    if current < 0:
        return 0
    by_rows = (move.rows + move.pages * page) * columns
    at = current + move.cells + by_rows
    if by_rows and at < 0:
        at = current % columns
    if by_rows and at >= count:
        last_row = (count - 1) // columns
        at = min(count - 1, last_row * columns + current % columns)
    return max(0, min(count - 1, at))
