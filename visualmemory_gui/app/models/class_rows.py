"""The classes of a decision as rows, with "+ New class" at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

NEW_CLASS = "+ New class"
Index = QModelIndex | QPersistentModelIndex
_FIRST = int(Qt.ItemDataRole.UserRole) + 1


class ClassRole(IntEnum):
    """Label: str, or None in the row for a new class. Row: the ``ClassRow``."""

    Label = _FIRST
    Row = _FIRST + 1


@dataclass(frozen=True, slots=True)
class ClassRow:
    """``key`` is the digit that labels with this class, or ""; ``count`` its active exemplars."""

    label: str
    colour: QColor | str | None
    key: str = ""
    count: int = 0


class ClassRows(QAbstractListModel):
    """The class list as a model: ``ClassRow``, then the row for a new class."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ClassRow, ...] = ()

    @property
    def rows(self) -> tuple[ClassRow, ...]:
        return self._rows

    def set_rows(self, rows: Sequence[ClassRow]) -> None:
        """Show ``rows``; a row of which only the figures changed keeps its place and selection."""
        fresh = tuple(rows)
        if [r.label for r in fresh] == [r.label for r in self._rows]:
            self._rows = fresh
            if fresh:
                self.dataChanged.emit(self.index(0), self.index(len(fresh) - 1))
            return
        self.beginResetModel()
        self._rows = fresh
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows) + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self._rows[index.row()] if index.row() < len(self._rows) else None
        if role == Qt.ItemDataRole.DisplayRole:
            return row.label if row else NEW_CLASS
        if role == ClassRole.Label:
            return row.label if row else None
        if role == ClassRole.Row:
            return row
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return self._in_words(row)
        return None

    def _in_words(self, row: ClassRow | None) -> str:
        if row is None:
            return "New class: drop images here to teach it, or exemplars to relabel them"
        key = f", key {row.key}" if row.key else ""
        return f"{row.label}, {row.count:,} {'exemplar' if row.count == 1 else 'exemplars'}{key}"
