"""The table of settings that were compared: how often each is right, and what it changes against the present ones."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.best_settings import ComparedRow
from visualmemory_gui.app.widgets.tables.table_style import dress

HEADS = ("", "Decided by", "Class factor", "Right", "Against the present settings")


class SettingsTable(QTableWidget):
    """One row for each; read-only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADS), parent)
        self.setObjectName("settingsTable")
        self.setAccessibleName("Settings that were compared")
        self.setHorizontalHeaderLabels(HEADS)
        dress(self, high=theme.px(20))
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(HEADS) - 1, QHeaderView.ResizeMode.Stretch)

    def set_rows(self, rows: Sequence[ComparedRow]) -> None:
        self.setRowCount(len(rows))
        for at, row in enumerate(rows):
            cells = (row.name, row.scheme, row.class_factor, row.right, row.against)
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.setItem(at, column, item)
