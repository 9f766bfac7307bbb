"""The list of duplicate images: each group side by side, with its labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.review_tables import FOUND, GroupsModel, likeness
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.cards.label_chip import paint_chip
from visualmemory_gui.app.widgets.tables.table_cells import cell, paint_small
from visualmemory_gui.app.widgets.tables.table_style import Place, chosen_rows

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.review import Group

Index = QModelIndex | QPersistentModelIndex
SIDE_PT = 60.0
WORDS_PT = 74.0
GAP_PT = 6.0


class GroupList(QListView):
    """The list of groups; each row shows a group's images side by side."""

    chosen_changed = Signal()

    def __init__(self, model: GroupsModel, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("groupList")
        self.setAccessibleName("Duplicates and conflicts")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._model = model
        self.setModel(model)
        self._painter = _GroupDelegate(self, model, thumbnails.get)
        self.setItemDelegate(self._painter)
        thumbnails.loaded.connect(lambda _: self.viewport().update())
        Place(self).changed.connect(self.chosen_changed)

    def chosen(self) -> list[Group]:
        """The selected groups, in the order shown."""
        return [self._model.row(row) for row in chosen_rows(self)]


class _GroupDelegate(QStyledItemDelegate):
    def __init__(self, parent: QListView, model: GroupsModel, image: Callable[[int], QPixmap | None]) -> None:
        super().__init__(parent)
        self._model, self._image = model, image

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(200), theme.px(SIDE_PT) + option.fontMetrics.height() + theme.px(12))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        group: Group = index.data(FOUND)
        c = theme.current()
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        with cell(painter, option) as room:
            line = painter.fontMetrics().height() + theme.px(2)
            words = QRectF(room.x(), room.center().y() - line, theme.px(WORDS_PT), line)
            painter.setFont(theme.points(option.font, bold=True))
            painter.setPen(QColor(c.danger if group.conflict else c.text))
            painter.drawText(words, left, "Conflict" if group.conflict else f"{len(group.ids)} alike")
            painter.setFont(theme.points(option.font, -1))
            painter.setPen(QColor(c.dim))
            painter.drawText(words.translated(0, line), left, likeness(group))
            self._paint_members(painter, room.adjusted(words.width(), theme.px(2), 0, -theme.px(2)), group)

    def _paint_members(self, painter: QPainter, room: QRectF, group: Group) -> None:
        """Paint as many images as fit; the last place says how many more there are."""
        side, gap = theme.px(SIDE_PT), theme.px(GAP_PT)
        wide = side + theme.px(24)
        places = max(1, int((room.width() + gap) // (wide + gap)))
        shown = len(group.ids) if len(group.ids) <= places else places - 1
        high = painter.fontMetrics().height() + theme.px(2)
        for n in range(shown):
            place = QRectF(room.x() + n * (wide + gap), room.y(), side, side)
            paint_small(painter, place, self._image(group.ids[n]))
            below = QRectF(place.x(), place.bottom() + theme.px(2), wide, high)
            paint_chip(painter, below, group.labels[n], _colour(group, n), names=self._model.names)
        if shown < len(group.ids):
            rest = QRectF(room.x() + shown * (wide + gap), room.y(), wide, side)
            painter.setPen(QColor(theme.current().dim))
            painter.drawText(rest, int(Qt.AlignmentFlag.AlignCenter), f"and {len(group.ids) - shown} more")


def _colour(group: Group, member: int) -> QColor | None:
    """The colour of a member's chip: one per label where labels differ; otherwise None, for grey."""
    if not group.conflict:
        return None
    ordered = list(dict.fromkeys(group.labels))
    return theme.chip_colour(ordered.index(group.labels[member]))
