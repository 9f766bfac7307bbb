"""The watch set as a table: each image with its expected class and its decision; wrong ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon, QPixmap

from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.app.models.query import name_of
from visualmemory_gui.app.models.thumbnails import scaled
from visualmemory_gui.app.models.watch import WatchModel
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.text.visible_text import NO_ANSWER

if TYPE_CHECKING:
    from visualmemory_gui.engine.what_if.impact import WatchedDecision

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Image", "Expected", "Decided", "Share", "As expected")
LABELLED = (1, 2)  # the columns with labels
SIDE = 96


class WatchTableModel(QAbstractTableModel):
    """The watched decisions as a table model."""

    def __init__(self, watch: WatchModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watch = watch
        self._rows: tuple[WatchedDecision, ...] = ()
        self.names = ShortLabels()  # of the labels shown
        self._icons: dict[int, QIcon] = {}
        watch.decisions_changed.connect(self.on_updated)

    def on_updated(self) -> None:
        rows = sorted(self._watch.decisions, key=lambda row: row.right)
        self.beginResetModel()
        self._rows = tuple(rows)
        self.names = ShortLabels(label for row in rows for label in (row.expected, row.label) if label)
        here = {row.image.id for row in rows}
        self._icons = {number: icon for number, icon in self._icons.items() if number in here}
        self.endResetModel()

    def decision(self, row: int) -> WatchedDecision:
        return self._rows[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cells(row)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole and index.column() in LABELLED:
            return cells(row)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.image.source
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return in_words(row) if index.column() == 0 else cells(row)[index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return self._icon(row)
        return None

    def _icon(self, row: WatchedDecision) -> QIcon:
        image = row.image
        if image.id not in self._icons:
            self._icons[image.id] = QIcon(QPixmap.fromImage(scaled(image.thumbnail or b"", SIDE)))
        return self._icons[image.id]


def cells(row: WatchedDecision) -> tuple[str, ...]:
    share = "" if row.share is None else percent(row.share)
    return (
        name_of(row.image.source, row.image.box),
        row.expected,
        row.label or NO_ANSWER,
        share,
        "yes" if row.right else "no",
    )


def in_words(row: WatchedDecision) -> str:
    """ "lynx.png, expected lynx, decided as cat with 43 % of the vote"."""
    name, expected, decided, share, _ = cells(row)
    return f"{name}, expected {expected}, decided as {decided}" + (f" with {share} of the vote" if share else "")
