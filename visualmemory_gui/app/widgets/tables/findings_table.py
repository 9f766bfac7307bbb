"""The table of what an experiment found, as high as its rows if they are few and there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.tables.table_style import dress

if TYPE_CHECKING:
    from visualmemory_gui.engine.experiments.wording import Table


LEAST_SEEN, MOST_SEEN = 3, 9
"""Rows in sight, so that there is room for a chart below them; the others are scrolled to."""


class FindingsTable(QTableWidget):
    """``Table`` in the window: numbers are on the right. The last column takes the spare width; behind one of numbers
    that is an empty one."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName("What was measured")
        dress(self, high=self.fontMetrics().height() + theme.px(5))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.horizontalHeader()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(theme.px(44))
        self._high = 0

    def set_findings(self, found: Table) -> None:
        """Show ``found``, with no row selected."""
        self.clear()
        self.setColumnCount(len(found.head) + _numbers(found, len(found.head) - 1))
        self.setRowCount(len(found.rows))
        for column, words in enumerate(found.head):
            self.setHorizontalHeaderItem(column, _cell(words, right=_numbers(found, column)))
            for row, cells in enumerate(found.rows):
                self.setItem(row, column, _cell(cells[column], right=_numbers(found, column)))
        if self.columnCount() > len(found.head):
            self.setHorizontalHeaderItem(len(found.head), QTableWidgetItem(""))
        head = self.horizontalHeader().sizeHint().height() + theme.px(6)
        high = self.verticalHeader().defaultSectionSize()
        self._high = head + high * min(len(found.rows), MOST_SEEN)
        self.setMinimumHeight(head + high * min(len(found.rows), LEAST_SEEN))
        self.setMaximumHeight(self._high)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._high)

    @property
    def selected(self) -> int | None:
        """The place of the selected row."""
        rows = self.selectionModel().selectedRows() if self.selectionModel() else []
        return rows[0].row() if rows else None


def _numbers(found: Table, column: int) -> bool:
    return all(cells[column][-1:].isdigit() or cells[column] in ("all", "-") for cells in found.rows)


def _cell(words: str, *, right: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(words)
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    return item
