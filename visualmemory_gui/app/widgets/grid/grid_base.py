"""A list view that lays out and paints nothing itself, for a grid of cells that knows the place of each.

It is a list view for accessibility alone: Qt makes the rows of a list view children in the tree that assistive
technology reads, and asks the view for their places. Selection, keys and painting belong to the grid.
"""

from __future__ import annotations

from abc import abstractmethod

from PySide6.QtCore import QItemSelection, QModelIndex, QPersistentModelIndex, QPoint, QRect
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from visualmemory_gui.app.models.grid_cells import CellsModel

Index = QModelIndex | QPersistentModelIndex
_ANYWHERE = QAbstractItemView.ScrollHint.EnsureVisible


class CellView(QListView):
    """The base of the grid. Subclasses say where cells are: ``cell_at``, ``cell_rect``, ``go_to``."""

    def __init__(self, rows: CellsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = rows
        self.setModel(rows)

    @abstractmethod
    def cell_at(self, spot: QPoint) -> int:
        """The row under ``spot`` of the viewport, -1 if there is none."""

    @abstractmethod
    def cell_rect(self, at: int) -> QRect:
        """The rectangle of row ``at`` in the viewport."""

    @abstractmethod
    def go_to(self, at: int) -> None:
        """Scroll so that row ``at`` is in view."""

    def indexAt(self, point: QPoint) -> QModelIndex:
        return self.rows.index(self.cell_at(point), 0)

    def visualRect(self, index: Index) -> QRect:
        return self.cell_rect(index.row()) if index.isValid() else QRect()

    def scrollTo(self, index: Index, hint: QAbstractItemView.ScrollHint = _ANYWHERE) -> None:
        if index.isValid():
            self.go_to(index.row())

    def isIndexHidden(self, index: Index) -> bool:
        return False

    # What the list view would do on its own

    def doItemsLayout(self) -> None:
        self.viewport().update()

    def updateGeometries(self) -> None: ...

    def keyboardSearch(self, search: str) -> None: ...

    def currentChanged(self, current: Index, previous: Index) -> None: ...

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None: ...
