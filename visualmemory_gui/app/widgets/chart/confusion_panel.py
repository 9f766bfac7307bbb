"""The confusion matrix next to the list of its mistakes, the most frequent first; both choose the same cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.evaluation import ConfusionCell
from visualmemory_gui.app.widgets.chart.confusion_grid import ConfusionGrid
from visualmemory_gui.app.widgets.tables.blame_box import BLAME, BlameBox
from visualmemory_gui.app.widgets.tables.label_delegate import LabelDelegate, set_words
from visualmemory_gui.engine.text.visible_text import how_many

HINT = "Choose a cell: a row is the true class of images, a column the class they were decided as."

AT_FULL_LABEL = "Choose the full label above: a cell at a level holds several labels and has no single fix"


class ConfusionPanel(QWidget):
    """``show_requested`` is for all images of the chosen cell, ``decide_requested`` for one with its neighbours."""

    show_requested = Signal()
    decide_requested = Signal()

    def __init__(self, blame: BlameBox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.blame, self._blame_allowed = blame, True
        self.grid = ConfusionGrid()
        self.mistakes = QListWidget()
        self.mistakes.setObjectName("mistakesList")
        self.mistakes.setAccessibleName("Mistakes, the most frequent first")
        self.mistakes.setItemDelegate(LabelDelegate(self.mistakes, lambda: self.grid.names))
        self.mistakes.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.words = QLabel(HINT)
        self.words.setWordWrap(True)
        self.words.setProperty("dim", True)
        self.show_button, self.decide_button = QPushButton("Show images"), QPushButton("Decide one")
        self.show_button.setObjectName("showCell")
        self.show_button.setToolTip("See the images of this cell in Curate")
        self.decide_button.setObjectName("decideCell")
        self.decide_button.setToolTip("Decide the first image of this cell: its neighbours show why")
        self._lay_out()
        self.grid.chosen_changed.connect(self.on_chosen)
        self.grid.activated.connect(self.show_requested)
        self.mistakes.currentItemChanged.connect(self.on_mistake)
        self.mistakes.itemActivated.connect(lambda _: self.show_requested.emit())
        self.show_button.clicked.connect(lambda: self.show_requested.emit())
        self.decide_button.clicked.connect(lambda: self.decide_requested.emit())
        self.on_chosen()

    def set_confusion(self, confusion: Mapping[str, Mapping[str, int]], mistakes: Sequence[ConfusionCell]) -> None:
        self.grid.set_confusion(confusion)
        self.mistakes.blockSignals(True)
        self.mistakes.clear()
        for cell in mistakes:
            item = QListWidgetItem()
            set_words(item, (f"{cell.queries:,}   ", *cell.arrow))
            item.setData(Qt.ItemDataRole.UserRole, cell)
            item.setToolTip(cell.words)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{cell.queries:,}: {cell.words}")
            self.mistakes.addItem(item)
        self.mistakes.blockSignals(False)

    def allow_blame(self, allowed: bool) -> None:
        """Allow or forbid asking who is to blame: a cell of several labels has no single fix."""
        self._blame_allowed = allowed
        self.blame.ask_button.setToolTip(BLAME if allowed else AT_FULL_LABEL)
        self.on_chosen()

    def chosen(self) -> ConfusionCell | None:
        return self.grid.chosen()

    def on_mistake(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.grid.choose(item.data(Qt.ItemDataRole.UserRole))

    def on_chosen(self) -> None:
        cell = self.chosen()
        there = cell is not None and cell.queries > 0
        many = "" if cell is None else how_many(cell.queries, "image")
        self.words.setText(HINT if cell is None else f"{many}: {cell.words}.")
        self.show_button.setText(f"Show {many}" if there else "Show images")
        self.show_button.setEnabled(there)
        self.decide_button.setEnabled(there)
        self.blame.ask_button.setEnabled(
            there and cell is not None and cell.true != cell.predicted and self._blame_allowed
        )

    def _lay_out(self) -> None:
        side = QVBoxLayout()
        side.addWidget(self.words)
        buttons = QHBoxLayout()
        buttons.addWidget(self.show_button)
        buttons.addWidget(self.decide_button)
        buttons.addStretch(1)
        side.addLayout(buttons)
        side.addWidget(self.mistakes, 3)
        side.addWidget(self.blame, 2)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, theme.px(4), 0, 0)
        row.setSpacing(theme.px(8))
        row.addWidget(self.grid, 3)
        row.addLayout(side, 2)
