"""Shows which files could not be read, each with its reason; the whole list can be copied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog

HEADS = ("File", "Why")
MOST_SHOWN = 1_000


class SkippedDialog(FittingDialog):
    """Use ``open()``. ``rows`` are (path, reason)."""

    def __init__(self, parent: QWidget | None, *, title: str, rows: Sequence[tuple[str, str]]) -> None:
        super().__init__(parent)
        self.setObjectName("skippedDialog")
        self.setWindowTitle("Files that could not be read")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._rows = list(rows)
        shown = f"; the first {MOST_SHOWN:,} of them" if len(self._rows) > MOST_SHOWN else ""
        heading = QLabel(f"{title}{shown}.")
        heading.setWordWrap(True)
        self.table = self._make_table()
        column = QVBoxLayout(self)
        for widget in (heading, self.table, self._buttons()):
            column.addWidget(widget)
        self.resize(theme.px(480), theme.px(300))
        self.table.setFocus()

    @property
    def text(self) -> str:
        """One line per file: path, tab, reason."""
        return "\n".join(f"{path}\t{reason}" for path, reason in self._rows)

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)

    def _make_table(self) -> QTableWidget:
        rows = self._rows[:MOST_SHOWN]
        table = QTableWidget(len(rows), len(HEADS))
        table.setObjectName("skippedTable")
        table.setAccessibleName("Files that could not be read")
        table.setHorizontalHeaderLabels(list(HEADS))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().resizeSection(0, theme.px(180))
        for at, (path, reason) in enumerate(rows):
            for column, (words, tip) in enumerate(((Path(path).name or path, path), (reason, reason))):
                item = QTableWidgetItem(words)
                item.setToolTip(tip)
                table.setItem(at, column, item)
        if rows:
            table.setCurrentCell(0, 0)
        return table

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy list", QDialogButtonBox.ButtonRole.ActionRole)
        copy.setAutoDefault(False)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        copy.setToolTip("Put paths and reasons on the clipboard")
        copy.clicked.connect(self.copy)
        buttons.rejected.connect(self.reject)
        return buttons
