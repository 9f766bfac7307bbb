"""The table of labels that the other exemplars contradict: image, both labels with their shares, the evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QSize, Signal
from PySide6.QtGui import QColor, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.review_tables import FOUND, ReviewColumn, SuspectsModel
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.tables.table_cells import cell, paint_chip_in, paint_several, paint_share, paint_small
from visualmemory_gui.app.widgets.tables.table_style import Place, chosen_rows, dress

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.suspect import Suspect

Index = QModelIndex | QPersistentModelIndex
SIDE_PT = 42.0
WIDTHS_PT = {
    ReviewColumn.DecodedImage: 54.0,
    ReviewColumn.Share: 66.0,
    ReviewColumn.SuggestedShare: 66.0,
}
LABEL_PT, AGAINST_PT = 52.0, (66.0, 150.0)  # the least width of a label; the least and greatest width of the evidence


class SuspectTable(QTableView):
    """The table of suspects."""

    chosen_changed = Signal()

    def __init__(self, model: SuspectsModel, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("likelyTable")
        self.setAccessibleName("Labels that the other exemplars contradict")
        self._model = model
        self.setModel(model)
        self._painter = _SuspectDelegate(self, model, thumbnails.get)
        self.setItemDelegate(self._painter)
        self._dress()
        thumbnails.loaded.connect(lambda _: self.viewport().update())
        Place(self).changed.connect(self.chosen_changed)

    def chosen(self) -> list[Suspect]:
        """The selected suspects, in the order shown."""
        return [self._model.row(row) for row in chosen_rows(self)]

    def select_alike(self) -> None:
        """Select the rows of the label and suggestion of the first that is selected."""
        rows = chosen_rows(self)
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for row in self._model.rows_like(rows[0]) if rows else []:
            self.selectionModel().select(self._model.index(row, 0), flags)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the evidence less width in favour of the labels where the table is narrow."""
        header = self.horizontalHeader()
        taken = sum(header.sectionSize(int(column)) for column in WIDTHS_PT)
        left = self.viewport().width() - taken - 4 * theme.px(LABEL_PT)
        header.resizeSection(
            int(ReviewColumn.Against), max(theme.px(AGAINST_PT[0]), min(theme.px(AGAINST_PT[1]), left))
        )
        super().resizeEvent(event)

    def _dress(self) -> None:
        dress(self, high=theme.px(SIDE_PT) + theme.px(4))
        header = self.horizontalHeader()
        for column, wide in WIDTHS_PT.items():
            header.resizeSection(int(column), theme.px(wide))
        header.setMinimumSectionSize(theme.px(LABEL_PT))
        for column in (ReviewColumn.Label, ReviewColumn.Suggested):
            header.setSectionResizeMode(int(column), QHeaderView.ResizeMode.Stretch)


class _SuspectDelegate(QStyledItemDelegate):
    def __init__(self, parent: QTableView, model: SuspectsModel, image: Callable[[int], QPixmap | None]) -> None:
        super().__init__(parent)
        self._model, self._image = model, image

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(54), theme.px(SIDE_PT) + theme.px(4))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        suspect: Suspect = index.data(FOUND)
        column, chip = ReviewColumn(index.column()), QColor(theme.current().chips[0])
        with cell(painter, option) as room:
            if column == ReviewColumn.DecodedImage:
                paint_small(painter, room, self._image(suspect.id))
            elif column == ReviewColumn.Label:
                paint_chip_in(painter, room, suspect.label, None, names=self._model.names)
            elif column == ReviewColumn.Suggested:
                paint_chip_in(painter, room, suspect.suggested, chip, names=self._model.names)
            elif column == ReviewColumn.Share:
                paint_share(painter, room, suspect.share, QColor(theme.current().grey_chip))
            elif column == ReviewColumn.SuggestedShare:
                paint_share(painter, room, suspect.suggested_share, chip)
            else:
                paint_several(painter, room, [self._image(exemplar) for exemplar, _, _ in suspect.against])
