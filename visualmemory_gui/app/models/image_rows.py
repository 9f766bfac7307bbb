"""Rows of a table that begin with the image of an exemplar; the last column may contain images too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from visualmemory_gui.engine.decision.short_labels import ShortLabels

Index = QModelIndex | QPersistentModelIndex
LABEL = 1  # the column with the label
IMAGES = int(Qt.ItemDataRole.UserRole) + 1  # ids of the exemplars whose images a cell shows; None for text


@dataclass(frozen=True, slots=True)
class ImageRow:
    """``cells`` are the texts of the columns, the first one empty; ``words`` describe the whole row. ``also`` are the
    exemplars whose images are in the last column, whose text is then only in the tool tip and for screen readers."""

    id: int
    cells: tuple[str, ...]
    words: str
    also: tuple[int, ...] | None = None


def in_words(found: Iterable[tuple[int, str, float]]) -> str:
    """ "cat (exemplar 3, distance 0.12), lynx (…)": exemplars by id, label and distance."""
    return ", ".join(f"{label} (exemplar {i}, distance {distance:.2f})" for i, label, distance in found)


class ImageRows(QAbstractTableModel):
    """The table model of ``ImageRow``."""

    def __init__(self, headers: Sequence[str], tips: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._headers, self._tips = tuple(headers), tuple(tips)
        self._rows: list[ImageRow] = []
        self.names = ShortLabels()  # of the labels shown

    def set_rows(self, rows: Sequence[ImageRow]) -> None:
        self.beginResetModel()
        self._rows = list(rows)
        self.names = ShortLabels(row.cells[LABEL] for row in rows)
        self.endResetModel()

    def row(self, at: int) -> ImageRow:
        return self._rows[at]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._headers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._headers[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return self._tips[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        last = column == len(self._headers) - 1 and row.also is not None
        if role == IMAGES:
            return (row.id,) if column == 0 else row.also if last else None
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return row.words if column == 0 else row.cells[column]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.cells[column]
        return None
