"""The key sheet, made from the tables of actions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme


class KeySheet(QDialog):
    """Lists all keys. ``rows`` are (keys, what they do); a row without keys is a heading."""

    def __init__(self, rows: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("keySheet")
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.table = table = _table(len(rows))
        for row, (keys, what) in enumerate(rows):
            cells = (keys, what) if keys else (what, "")
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setFont(theme.points(table.font(), bold=not keys))
                table.setItem(row, column, item)
        QVBoxLayout(self).addWidget(table)
        high = table.verticalHeader().defaultSectionSize() * (len(rows) + 1) + theme.px(30)
        widest = max((table.fontMetrics().horizontalAdvance(what) for keys, what in rows if keys), default=0)
        wide = table.horizontalHeader().sectionSize(0) + widest + theme.px(50)
        room = parent.size() - QSize(theme.px(20), theme.px(30)) if parent is not None else QSize(wide, high)
        self.resize(QSize(wide, high).boundedTo(room))


class _Quiet(QStyledItemDelegate):
    """Paints cells without a focus frame: the table takes the focus for scrolling only."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_HasFocus


def _table(rows: int) -> QTableWidget:
    table = QTableWidget(rows, 2)
    table.setAccessibleName("Keys and what they do")
    table.setHorizontalHeaderLabels(["Key", "What it does"])
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setItemDelegate(_Quiet(table))
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.setWordWrap(False)
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + theme.px(3))
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header.resizeSection(0, theme.px(150))
    header.setStretchLastSection(True)
    return table
