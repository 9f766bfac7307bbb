"""What the window's tables and lists have in common: their style, and rows that keep their place."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from visualmemory_gui.app.widgets.tables.table_cells import select_only


def dress(table: QTableView, *, high: int) -> None:
    """Style ``table``: whole rows of ``high`` pixels, no grid or frame, no editing in place."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setShowGrid(False)
    table.setMouseTracking(True)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().setDefaultSectionSize(high)
    table.horizontalHeader().setHighlightSections(False)
    table.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def chosen_rows(view: QAbstractItemView) -> list[int]:
    """The selected rows in increasing order."""
    return sorted(index.row() for index in view.selectionModel().selectedRows())


class Place(QObject):
    """Keeps the place in a list when rows disappear: the next row becomes current.

    ``changed`` says that the selection or the rows have changed.
    """

    changed = Signal()

    def __init__(self, view: QAbstractItemView) -> None:
        """``view`` must already have its model."""
        super().__init__(view)
        self._view, self._at = view, 0
        view.model().modelAboutToBeReset.connect(self.on_reset_begins)
        view.model().modelReset.connect(self.on_reset)
        view.selectionModel().selectionChanged.connect(lambda *_: self.changed.emit())

    def on_reset_begins(self) -> None:
        self._at = min(chosen_rows(self._view), default=max(0, self._view.currentIndex().row()))

    def on_reset(self) -> None:
        if count := self._view.model().rowCount():
            select_only(self._view, min(self._at, count - 1))
        self.changed.emit()
