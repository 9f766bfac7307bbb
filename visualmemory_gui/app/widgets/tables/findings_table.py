"""The table of what an experiment found, as high as its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from visualmemory_gui.app import theme

if TYPE_CHECKING:
    from visualmemory_gui.engine.experiments.wording import Table


class FindingsTable(QTableWidget):
    """``Table`` in the window: numbers are on the right, except in the last column, which takes the spare width."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName("What was measured")
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(theme.px(56))
        header.setStretchLastSection(True)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + theme.px(5))

    def set_findings(self, found: Table) -> None:
        """Show ``found``, with no row selected."""
        self.clearSelection()
        self.setColumnCount(len(found.head))
        self.setRowCount(len(found.rows))
        for column, words in enumerate(found.head):
            self.setHorizontalHeaderItem(column, _cell(words, right=_numbers(found, column)))
            for row, cells in enumerate(found.rows):
                self.setItem(row, column, _cell(cells[column], right=_numbers(found, column)))
        high = self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + high * len(found.rows) + theme.px(6))

    @property
    def selected(self) -> int | None:
        """The place of the selected row."""
        rows = self.selectionModel().selectedRows() if self.selectionModel() else []
        return rows[0].row() if rows else None


def _numbers(found: Table, column: int) -> bool:
    last = column == len(found.head) - 1
    return not last and all(cells[column][-1:].isdigit() or cells[column] in ("all", "-") for cells in found.rows)


def _cell(words: str, *, right: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(words)
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    return item
