"""The strip of recent queries, as a list model; the memory stores them, so they survive a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon, QImage, QPixmap

from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.query import Query, recent_queries
from visualmemory_gui.app.models.thumbnails import scaled
from visualmemory_gui.app.runtime.tasks import Tasks

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

SIDE = 128


class RecentQueriesModel(QAbstractListModel):
    """One row per query: DecorationRole is the thumbnail, DisplayRole and AccessibleTextRole the image's name."""

    def __init__(self, decision: DecisionModel, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._decision = decision
        self._tasks = tasks
        self._queries: list[Query] = []
        self._icons: list[QIcon] = []
        decision.recent_changed.connect(self.on_recent_changed)

    def on_recent_changed(self) -> None:
        memory = self._decision.memory
        if memory is None:
            self.show([])
        else:
            self._tasks.run_edit("Reading recent queries", lambda: read(memory), self.show, topic="recent")

    def show(self, found: list[tuple[Query, QImage]]) -> None:
        self.beginResetModel()
        self._queries = [query for query, _ in found]
        self._icons = [QIcon(QPixmap.fromImage(image)) for _, image in found]
        self.endResetModel()

    def query(self, row: int) -> Query:
        return self._queries[row]

    def of_content(self, content: str | None) -> Query | None:
        """The query of that content, if it is one of them."""
        return next((query for query in self._queries if content and query.content == content), None)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._queries)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icons[index.row()]
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._queries[index.row()].name
        return None


def read(memory: Memory) -> list[tuple[Query, QImage]]:
    """The queries with their small images, decoded in the worker's thread."""
    return [(query, scaled(query.thumbnail or b"", SIDE)) for query in recent_queries(memory)]
