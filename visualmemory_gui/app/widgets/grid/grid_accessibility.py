"""The grid for assistive technology: every cell is a row of the list that Qt makes accessible.

Qt asks the view for names, places and states of its rows and stores nothing, so a million rows cost nothing.
"""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QListView

from visualmemory_gui.app.models.grid_cells import CellsModel, in_words
from visualmemory_gui.app.widgets.grid.grid_selection import GridSelection

MOST_RUNS = 200  # unbroken runs of selected cells reported; of more, those in view


class GridVoice:
    """Mirrors the selection of ``grid`` in Qt's terms, and announces the current cell."""

    def __init__(self, grid: QListView, model: CellsModel) -> None:
        self._grid, self._model = grid, model
        self._partly = False
        self._said: tuple[int, int | None] = (-1, None)

    def tell(self, selection: GridSelection, sight: range) -> None:
        """Follow a change of the selection or the current cell."""
        self._mirror(selection, sight)
        here = selection.current
        self._grid.selectionModel().setCurrentIndex(
            self._model.index(here, 0), QItemSelectionModel.SelectionFlag.NoUpdate
        )
        self._describe(selection)
        if (here, selection.current_id) != self._said and here >= 0 and self._grid.hasFocus():
            event = QAccessibleEvent(self._grid, QAccessible.Event.Focus)
            event.setChild(here)
            QAccessible.updateAccessibility(event)
        self._said = here, selection.current_id

    def scrolled(self, selection: GridSelection, sight: range) -> None:
        if self._partly:
            self._mirror(selection, sight)

    def _mirror(self, selection: GridSelection, sight: range) -> None:
        runs = selection.runs()
        self._partly = len(runs) > MOST_RUNS
        if self._partly:
            runs = runs[(runs[:, 1] >= sight.start) & (runs[:, 0] < sight.stop)]
        chosen = QItemSelection()
        for first, last in runs.tolist():
            chosen.select(self._model.index(first, 0), self._model.index(last, 0))
        self._grid.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        QAccessible.updateAccessibility(QAccessibleEvent(self._grid, QAccessible.Event.SelectionWithin))

    def _describe(self, selection: GridSelection) -> None:
        """Describe the current cell, and how many are selected, as the grid's own description."""
        here = selection.current
        cell = self._model.at(here) if here >= 0 else None
        words = [f"{in_words(cell)}, {here + 1:,} of {len(self._model.ids):,}"] if cell is not None else []
        self._grid.setAccessibleDescription("; ".join([*words, f"{len(selection):,} selected"]))
