"""The table of stored evaluations, the newest first, each compared with the last one."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.evaluation import KeptRun
from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.app.widgets.tables.table_style import dress

HEADS = ("Run", "When", "Right (full label)", "Queries", "Decided by", "Asked", "What the last one changed against it")
OTHERS = "other queries: cannot be compared"


class RunsTable(QTableWidget):
    """One row per run; read-only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADS), parent)
        self.setObjectName("runsTable")
        self.setAccessibleName("Stored evaluations")
        self.setHorizontalHeaderLabels(HEADS)
        dress(self, high=self.verticalHeader().defaultSectionSize())
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(HEADS) - 1, QHeaderView.ResizeMode.Stretch)

    def sizeHintForColumn(self, column: int) -> int:
        """Wider than what it holds, so that two columns do not read as one."""
        return super().sizeHintForColumn(column) + theme.px(8)

    def set_runs(self, runs: Sequence[KeptRun]) -> None:
        self.setRowCount(len(runs))
        for row, kept in enumerate(runs):
            run = kept.run
            cells = (
                str(run.number),
                time.strftime("%Y-%m-%d %H:%M", time.localtime(run.time)),
                percent(run.accuracy),
                f"{run.queries:,}",
                run.voting,
                run.asked,
                kept.words or OTHERS,
            )
            for column, text in enumerate(cells):
                self.setItem(row, column, QTableWidgetItem(text))
