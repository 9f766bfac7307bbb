"""The table of classes and how often each is decided right, the hardest first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHeaderView, QPushButton, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.evaluation import ClassFiguresRow, ConfusionCell
from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.app.widgets.tables.label_delegate import LabelDelegate, set_words
from visualmemory_gui.app.widgets.tables.table_style import chosen_rows, dress
from visualmemory_gui.engine.decision.short_labels import ShortLabels

HEADS = ("Class", "Images", "Right", "Most often decided as instead")
LABELLED = (0, 3)  # the columns with labels
NUMBER_PT = 60.0


class ClassFiguresTable(QWidget):
    """The table and its button. ``opened`` asks for the confusions of a class: Enter, a double click, or the button."""

    opened = Signal(object)  # ClassFiguresRow

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[ClassFiguresRow] = ()
        self._names = ShortLabels()
        self.table = _table()
        for labelled in LABELLED:
            self.table.setItemDelegateForColumn(labelled, LabelDelegate(self.table, lambda: self._names))
        self.button = QPushButton("Show its confusions")
        self.button.setObjectName("showConfusions")
        self.button.setToolTip("See in the matrix what images of this class are decided as")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.px(4), 0, 0)
        column.addWidget(self.table, 1)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        self.table.itemSelectionChanged.connect(self.on_selected)
        self.table.itemActivated.connect(lambda item: self.opened.emit(self._rows[item.row()]))
        self.button.clicked.connect(lambda: self.opened.emit(self._rows[chosen_rows(self.table)[0]]))

    def set_classes(self, rows: Sequence[ClassFiguresRow]) -> None:
        self._rows = rows
        shown = [*(row.label for row in rows), *(row.mistake.predicted for row in rows if row.mistake is not None)]
        self._names = ShortLabels(filter(None, shown))
        self.table.clearSelection()
        self.table.setRowCount(len(rows))
        for at, row in enumerate(rows):
            cells = (("", row.label), (f"{row.queries:,}",), (percent(row.accuracy),), _mistake(row.mistake))
            for column, words in enumerate(cells):
                item = QTableWidgetItem()
                set_words(item, words)
                item.setToolTip(item.text())
                self.table.setItem(at, column, item)
        self.on_selected()

    def on_selected(self) -> None:
        self.button.setEnabled(len(chosen_rows(self.table)) == 1)


def _mistake(cell: ConfusionCell | None) -> tuple[str, ...]:
    """ "lynx (12)" in pieces, of which every second one is a label; nothing without a mistake."""
    if cell is None:
        return ("",)
    return ("", cell.predicted, f" ({cell.queries:,})") if cell.predicted else (f"no answer ({cell.queries:,})",)


def _table() -> QTableWidget:
    table = QTableWidget(0, len(HEADS))
    table.setObjectName("classFigures")
    table.setAccessibleName("Classes, those least often decided right first")
    table.setHorizontalHeaderLabels(HEADS)
    dress(table, high=theme.px(20))
    header = table.horizontalHeader()
    for column in LABELLED:
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
    for column in (1, 2):
        header.resizeSection(column, theme.px(NUMBER_PT))
    return table
