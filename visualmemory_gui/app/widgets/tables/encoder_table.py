"""The table of encoders: what each is, whether its weights are here, how fast it is here."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.encoders import EncodersModel
from visualmemory_gui.app.widgets.tables.table_cells import select_only
from visualmemory_gui.app.widgets.tables.table_style import chosen_rows, dress
from visualmemory_gui.engine.text.visible_text import size_text
from visualmemory_gui.engine.types import EncoderInfo

HEADS = {
    "Encoder": "",
    "Numbers": "How many numbers its vectors have",
    "Licence": "",
    "Size": "Of its weights",
    "Weights": "Whether they are on this computer",
    "Speed here": "How many images it turns into vectors on this computer",
}
LICENCE = 2
WIDTHS_PT = {0: 130.0, 1: 56.0, 3: 50.0, 4: 80.0, 5: 84.0}


class EncoderTable(QTableWidget):
    """One row for each, of which one is chosen."""

    row_chosen = Signal()

    def __init__(self, model: EncodersModel, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADS), parent)
        self._model = model
        self.setObjectName("encoderTable")
        self.setAccessibleName("Encoders")
        dress(self, high=theme.px(20))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.horizontalHeader()
        for column, width in WIDTHS_PT.items():
            header.resizeSection(column, theme.px(width))
        header.setSectionResizeMode(LICENCE, QHeaderView.ResizeMode.Stretch)
        for column, (text, tip) in enumerate(HEADS.items()):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            self.setHorizontalHeaderItem(column, item)
        self.itemSelectionChanged.connect(self.row_chosen)

    @property
    def chosen(self) -> EncoderInfo | None:
        rows = chosen_rows(self)
        return self._model.rows[rows[0]] if rows and rows[0] < len(self._model.rows) else None

    def refresh(self, chosen: str) -> None:
        """Show the rows of the model, of which ``chosen`` is selected."""
        rows = self._model.rows
        if self._model.row(chosen) is None:
            self.clearSelection()
        self.setRowCount(len(rows))
        for at, row in enumerate(rows):
            speed = self._model.speed_of(row.name)
            cells = (row.name, f"{row.dim:,}", row.licence, size_text(row.size), row.weights, speed)
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.setItem(at, column, item)
            if row.name == chosen and self.chosen != row:
                select_only(self, at)
