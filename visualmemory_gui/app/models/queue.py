"""The teaching queue as a table: each row is a waiting image with its decision, the least certain first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from visualmemory_gui.app.models.class_marks import ClassMarks
from visualmemory_gui.app.models.decision import AFTER_PAINT_MS, DecisionModel
from visualmemory_gui.app.models.queue_rows import (
    HEADS,
    KNOWN,
    TEACH_NEXT,
    TIPS,
    QueueColumn,
    QueueRow,
    cells,
    in_words,
    moved,
    sort_keys,
)
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.runtime.tasks import Task, Tasks
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.types import I64, Bools, Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.memory.queue_table import QueueTable

Index = QModelIndex | QPersistentModelIndex
TOPIC = "queue"
ORDER_TOPIC = "queue order"
_FIRST = int(Qt.ItemDataRole.UserRole) + 1


class QueueRole(IntEnum):
    """The roles that the queue's cells answer besides Qt's own."""

    Row = _FIRST  # QueueRow
    Colour = _FIRST + 1  # of the winner's chip
    Pixmap = _FIRST + 2
    Moved = _FIRST + 3  # whether the last edit moved this decision
    Key = _FIRST + 4  # the digit that labels with the winner, or ""


class QueueModel(QAbstractTableModel):
    """Follows the memory: after every edit the whole queue is decided again, in the edits' thread."""

    updated = Signal()
    least_changed = Signal(int)  # per cent
    sorting_changed = Signal(int, Qt.SortOrder)  # a column or TEACH_NEXT

    def __init__(self, tasks: Tasks, decision: DecisionModel, marks: ClassMarks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._decision = decision
        self._marks = marks
        self._memory: Memory | None = None
        self._order = np.empty(0, np.int64)
        self._sorting = (int(QueueColumn.Share), Qt.SortOrder.AscendingOrder)
        self._comparing: Task | None = None
        self.table: QueueTable | None = None
        self._named: tuple[QueueTable | None, ShortLabels, ShortLabels] = (None, decision.names, decision.names)
        self.moved: frozenset[int] = frozenset()
        self.least = 0.8
        self.thumbnails = Thumbnails(tasks, self, side=96)
        self.thumbnails.loaded.connect(self._images_came)
        decision.settings_changed.connect(self.refresh)
        decision.decided.connect(self.on_decided)
        marks.updated.connect(self.on_decided)

    def set_memory(self, memory: Memory | None) -> None:
        for topic in (TOPIC, ORDER_TOPIC):
            self._tasks.supersede(topic)
        self._memory = memory
        self.thumbnails.set_source(memory.queue.thumbnails if memory is not None else None)
        self._show(None)
        if memory is not None:
            self.begin()

    def begin(self) -> None:
        """Decide the queue for the first time, in the background, as that takes a search per image."""
        memory = self._memory
        if memory is not None:
            work = self._deciding(memory)
            self._tasks.run_background("Deciding the queue", lambda _: work(), self._show, topic=TOPIC)

    def refresh(self, wait_ms: int = 0) -> None:
        """Decide the queue again after a small change, and after ``wait_ms``."""
        memory = self._memory
        if memory is not None:
            work = self._deciding(memory)
            self._tasks.run_edit("Deciding the queue", work, self._show, topic=TOPIC, wait_ms=wait_ms)

    def on_changed(self, changes: Changes) -> None:
        if changes.forgotten:
            self.begin()
        elif changes.ids or changes.settings:
            seen = self.table is None or len(self.table) > 0
            self.refresh(0 if seen else AFTER_PAINT_MS)  # first the decision that is looked at

    def on_decided(self) -> None:
        """Give classes the colours and digits that they have in the vote next to the table."""
        if len(self._order):
            last = self.index(len(self._order) - 1, int(QueueColumn.Share))
            self.dataChanged.emit(self.index(0, int(QueueColumn.Winner)), last, [QueueRole.Colour, QueueRole.Key])

    @property
    def sorting(self) -> tuple[int, Qt.SortOrder]:
        """The column that the rows are sorted by, or TEACH_NEXT, and the direction."""
        return self._sorting

    @property
    def order(self) -> list[int]:
        """Indices of the rows in the order shown."""
        return self._order.tolist()

    def set_least(self, percent_: int) -> None:
        """Set the share from which a decision counts as certain."""
        if round(100 * self.least) != percent_:
            self.least = percent_ / 100
            self.least_changed.emit(percent_)
            self.updated.emit()

    # What is there

    def counts(self) -> tuple[int, int, int]:
        """The number of images, of taught ones and of certain ones."""
        table = self.table
        if table is None:
            return 0, 0, 0
        return len(table), int(table.is_taught().sum()), int(table.certain(self.least).sum())

    def certain(self) -> list[tuple[int, str]]:
        """(id, full label) of the rows that are certain and not yet taught."""
        table = self.table
        if table is None:
            return []
        return [(int(table.ids[i]), str(table.labels[i])) for i in np.flatnonzero(self._sure(table))]

    def waiting(self) -> list[int]:
        """Ids of the images that are not taught, in the order shown."""
        if self.table is None:
            return []
        order = self._order[~self.table.is_taught()[self._order]]
        found: list[int] = self.table.ids[order].tolist()
        return found

    def taught(self) -> dict[int, str]:
        """The label of each image that is taught."""
        table = self.table
        pairs = zip(table.ids.tolist(), table.taught, strict=True) if table is not None else ()
        return {number: label for number, label in pairs if label is not None}

    def _sure(self, table: QueueTable) -> Bools:
        return table.certain(self.least) & ~table.is_taught()

    def winners(self, ids: Iterable[int]) -> list[tuple[int, str]]:
        """(id, full label) of ``ids``, except those without a winner."""
        rows = map(self.row, self.rows_of(ids))
        return [(row.id, row.label) for row in rows if row.label is not None]

    @property
    def names(self) -> ShortLabels:
        """The labels shown alongside the queue: those of the decision, its winners and what was taught."""
        beside, table = self._decision.names, self.table
        if self._named[0] is not table or self._named[1] is not beside:
            own = {label for label in (*table.winners, *table.taught) if label} if table is not None else set()
            self._named = table, beside, ShortLabels(beside.labels | own)
        return self._named[2]

    def row(self, row: int) -> QueueRow:
        assert self.table is not None
        table, at = self.table, int(self._order[row])
        share = float(table.shares[at])
        return QueueRow(
            id=int(table.ids[at]),
            name=table.name(at),
            winner=table.winners[at],
            label=table.labels[at],
            share=None if np.isnan(share) else share,
            margin=None if np.isnan(share) else float(table.margins[at]),
            known=KNOWN[int(table.known[at])],
            taught=table.taught[at],
        )

    def rows_of(self, ids: Iterable[int]) -> list[int]:
        """The rows of ``ids``, without those that no longer wait."""
        if self.table is None:
            return []
        return np.flatnonzero(np.isin(self.table.ids[self._order], list(ids))).tolist()

    def first_untaught(self) -> int | None:
        """The next row to decide: the first that is not taught."""
        if self.table is None:
            return None
        left = np.flatnonzero(~self.table.is_taught()[self._order])
        return int(left[0]) if len(left) else None

    # Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return TIPS[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.row(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return cells(row)[index.column()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return in_words(row) if index.column() == 0 else cells(row)[index.column()]
        if role == QueueRole.Row:
            return row
        if role == QueueRole.Colour:
            return self._marks.colour(row.winner or "")
        if role == QueueRole.Key:
            return self._marks.chip_digit(row.winner or "")
        if role == QueueRole.Pixmap:
            return self.thumbnails.get(row.id)
        if role == QueueRole.Moved:
            return row.id in self.moved
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column, or, for TEACH_NEXT, in the order in which to teach the images."""
        if (column, order) == self._sorting:
            return
        self.beginResetModel()
        self._sorting = (column, order)
        self._order = self._sorted()
        self.endResetModel()
        self.sorting_changed.emit(column, order)
        if column == TEACH_NEXT:
            self.refresh()

    def _compare_if_needed(self) -> None:
        """Compare the images with each other, in the background, where the order to teach in is wanted and not known.

        It takes 3 s for 10,000 of them. After that every edit brings a new order with the decisions.
        """
        memory, table = self._memory, self.table
        if memory is None or not table or self._sorting[0] != TEACH_NEXT or table.teach_next is not None:
            return
        if not (self._comparing and self._comparing in self._tasks.running):
            self._comparing = self._tasks.run_background(
                "Ordering the queue", memory.queue.compare, lambda _: self.refresh(), topic=ORDER_TOPIC
            )

    def _deciding(self, memory: Memory) -> Callable[[], QueueTable]:
        k, rule, level = self._decision.k, self._decision.rule, self._decision.level
        ordered = self._sorting[0] == TEACH_NEXT
        return lambda: memory.queue.table(k=k, rule=rule, level=level, ordered=ordered)

    def _show(self, table: QueueTable | None) -> None:
        before = self.table
        if before is not None and table is not None and not len(before) and not len(table):
            self.table = table
            return  # nothing to show: most edits are made without a queue
        self.beginResetModel()
        self.table = table
        self.moved = moved(before, table)
        self._order = self._sorted()
        self.endResetModel()
        self.updated.emit()
        self._compare_if_needed()

    def _sorted(self) -> I64:
        """Indices in the order shown: by the chosen column, with taught images at the end."""
        if self.table is None:
            return np.empty(0, np.int64)
        column, direction = self._sorting
        order = np.argsort(sort_keys(self.table, column), kind="stable")
        order = order[::-1] if direction == Qt.SortOrder.DescendingOrder else order
        taught = self.table.is_taught()[order]
        return np.concatenate([order[~taught], order[taught]])

    def _images_came(self, ids: list[int]) -> None:
        for row in self.rows_of(ids):
            at = self.index(row, int(QueueColumn.DecodedImage))
            self.dataChanged.emit(at, at, [QueueRole.Pixmap])
