"""The strip of recent queries, as a list model; the memory keeps them, so they outlive a restart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon, QImage, QPixmap

from visualmemory_gui.app.models.asking import Query

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory

SHOWN = 24


def keep_query(memory: VisualMemory, query: Query) -> None:
    """Put ``query`` on the memory's own list of recent queries. Runs in the thread of the edits."""
    picture = query.picture
    memory.queries.add(query.source, query.content, picture.sha256 if picture else None, query.thumbnail, query.vector)


def recent_queries(memory: VisualMemory) -> list[Query]:
    """The newest first, those with a vector: they are decided again without the encoder."""
    return [
        Query(
            name=Path(row.source).name if row.source else "pasted picture",
            vector=row.vector,
            content=row.content,
            thumbnail=row.thumbnail,
            source=row.source,
        )
        for row in memory.queries.recent(SHOWN)
        if row.vector is not None
    ]


class RecentQueriesModel(QAbstractListModel):
    """One row a query: DecorationRole is the thumbnail, DisplayRole and AccessibleTextRole the picture's name."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queries: list[Query] = []
        self._icons: list[QIcon] = []

    def show(self, queries: list[Query]) -> None:
        self.beginResetModel()
        self._queries = queries
        self._icons = [QIcon(QPixmap.fromImage(QImage.fromData(q.thumbnail or b""))) for q in queries]
        self.endResetModel()

    def query(self, row: int) -> Query:
        return self._queries[row]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._queries)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icons[index.row()]
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._queries[index.row()].name
        return None
