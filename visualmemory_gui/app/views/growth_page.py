"""The page of Study that asks what becomes of the memory as it grows: by new classes, or by more of the same."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.experiments import Growing, GrowthFound, growth_of
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.experiment_page import ExperimentPage
from visualmemory_gui.app.views.own_actions import Spec

if TYPE_CHECKING:
    from visualmemory_gui.app.widgets.plots import Curve, ScalingPlot
    from visualmemory_gui.engine.study.scaling import Fit, Scaling
    from visualmemory_gui.engine.study.words import Table

ACTIONS = (
    Spec("measure", "Run", "Run the chosen experiment on the memory as it is; nothing is changed", "play-outline"),
    Spec("stop", "Cancel", "Stop the experiment", "stop-circle-outline"),
)
KINDS: tuple[tuple[Growing, str, str], ...] = (
    ("classes", "Add classes", "A fifth of the classes is hidden and put back, a few exemplars at a time: how well are "
     "they decided then, and what does it cost the others?"),
    ("levels", "Levels", "Classes that have relatives are hidden: which levels above them are right before the first "
     "exemplar, and after a few?"),
    ("scaling", "Scaling", "A fifth of the exemplars is asked of memories that grow from a few in each class to all "
     "the others: how does the error fall?"),
)  # fmt: skip


class GrowthPage(ExperimentPage):
    """One of three experiments; the answer is a table, and for sizes a plot too."""

    title = "Growth"
    specs = ACTIONS
    question = KINDS[0][2]

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "growth", parent)
        self.plot: ScalingPlot | None = None
        self.kind = _kinds()
        self.kind.currentIndexChanged.connect(lambda place: self.about.setText(KINDS[place][2]))
        self.header.insertWidget(0, self.kind)
        self.before, self.after, self.table = QLabel(), QLabel(), _table()
        for label in (self.before, self.after):
            label.setWordWrap(True)
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        for part in (self.before, self.table, self.after):
            self.column.addWidget(part)
        self.column.addStretch(1)
        self.on_updated()

    def begin(self) -> None:
        if self.plot is None:
            from visualmemory_gui.app.widgets.plots import ScalingPlot

            self.plot = ScalingPlot(self)
            self.plot.setAccessibleName("Error over the size of the memory, with two curves")
            self.column.insertWidget(self.column.count() - 1, self.plot, 100)
            self.show_found()

    def measure(self) -> None:
        """Run what is chosen, in the background."""
        kind, text, _ = KINDS[self.kind.currentIndex()]
        self.model.run(f"{text}: measuring", lambda memory, report: growth_of(memory, kind, report))

    def show_found(self) -> None:
        found: GrowthFound | None = self.model.found
        self.kind.setEnabled(not self.model.running)
        for part in (self.before, self.after, self.table):
            part.setVisible(found is not None)
        if found is not None:
            self.before.setText(f"{found.table.before[0].upper()}{found.table.before[1:]}.")
            self.after.setText("\n".join(found.table.after))
            self.after.setVisible(bool(found.table.after))
            _fill(self.table, found.table)
        if self.plot is not None:
            scaling = found.scaling if found is not None else None
            self.plot.setVisible(scaling is not None)
            if scaling is not None and found is not None:
                self.plot.setAccessibleDescription(self.after.text())
                points = scaling.points
                self.plot.show_points([p.size for p in points], [100 * p.error for p in points], _curves(scaling))


def _curves(found: Scaling) -> list[Curve]:
    """Both fits, in percent."""
    curves: list[Curve] = []
    if found.log_log is not None:
        curves.append(("log error = a log(log10 n) + b, as in the paper", partial(_double, found.log_log)))
    if found.power is not None:
        curves.append(("log error = a log n + b, a power law", partial(_power, found.power)))
    return curves


def _double(one: Fit, sizes: np.ndarray) -> np.ndarray:
    percents: np.ndarray = 100 * np.exp(one.a * np.log(np.log10(sizes)) + one.b)
    return percents


def _power(one: Fit, sizes: np.ndarray) -> np.ndarray:
    percents: np.ndarray = 100 * np.exp(one.a * np.log(sizes) + one.b)
    return percents


def _kinds() -> QComboBox:
    box = QComboBox()
    box.setObjectName("growthKind")
    box.setAccessibleName("Experiment")
    box.setToolTip("What is measured")
    for place, (_, text, tip) in enumerate(KINDS):
        box.addItem(text)
        box.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
    return box


def _table() -> QTableWidget:
    table = QTableWidget()
    table.setObjectName("growthTable")
    table.setAccessibleName("What was measured")
    table.verticalHeader().hide()
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setTabKeyNavigation(False)
    table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setMinimumSectionSize(theme.px(56))
    header.setStretchLastSection(True)
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + theme.px(5))
    return table


def _fill(table: QTableWidget, found: Table) -> None:
    """As high as it needs to be; numbers stand to the right, but for those of the last column, which has all room."""
    table.setColumnCount(len(found.head))
    table.setRowCount(len(found.rows))
    for column, words in enumerate(found.head):
        table.setHorizontalHeaderItem(column, _cell(words, right=_numbers(found, column)))
        for row, cells in enumerate(found.rows):
            table.setItem(row, column, _cell(cells[column], right=_numbers(found, column)))
    high = table.verticalHeader().defaultSectionSize()
    table.setFixedHeight(table.horizontalHeader().sizeHint().height() + high * len(found.rows) + theme.px(6))


def _numbers(found: Table, column: int) -> bool:
    last = column == len(found.head) - 1
    return not last and all(cells[column][-1:].isdigit() or cells[column] == "all" for cells in found.rows)


def _cell(words: str, *, right: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(words)
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    return item
