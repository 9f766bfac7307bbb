"""The exemplars of a grid as rows of a Qt model, for tool tips and assistive technology."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from visualmemory_gui.app.models.exemplars import NONE, Cell, Ids

Index = QModelIndex | QPersistentModelIndex
Cells = Callable[[Ids], list[Cell]]


class CellsModel(QAbstractListModel):
    """The rows of a grid. ``cells(ids)`` describes exemplars; ``ids`` (n,) have one row each, in this order."""

    def __init__(self, cells: Cells, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cells = cells
        self.ids: Ids = NONE

    def set_ids(self, ids: Ids) -> None:
        """Replace the rows. A million cost as much as one: no row is read."""
        self.beginResetModel()
        self.ids = ids
        self.endResetModel()

    def at(self, row: int) -> Cell | None:
        """The cell of a row, None if its exemplar is gone by now."""
        found = self._cells(self.ids[row : row + 1])
        return found[0] if found else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.ids)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return None
        cell = self.at(index.row()) if index.isValid() else None
        if cell is None:
            return None
        return tip(cell) if role == Qt.ItemDataRole.ToolTipRole else in_words(cell)


def in_words(cell: Cell) -> str:
    """ "animals/cat, struck out, exemplar 12, original missing"."""
    parts = [cell.label, "struck out" if cell.struck else "", f"exemplar {cell.id}", likeness(cell)]
    return ", ".join([*filter(None, parts), *(["original missing"] if cell.missing else [])])


def tip(cell: Cell) -> str:
    """The same on several lines, with where the original was."""
    lines = [cell.label, f"exemplar {cell.id:,}{', struck out' if cell.struck else ''}"]
    lines += filter(None, [likeness(cell)])
    return "\n".join(lines + ([f"Original missing: {cell.missing}"] if cell.missing else []))


def likeness(cell: Cell) -> str:
    """ "score 0.271" of the words, "distance 0.321" to the image, "" where neither is compared."""
    if cell.score is not None:
        return f"score {cell.score:.3f}"
    return "" if cell.distance is None else f"distance {cell.distance:.3f}"
