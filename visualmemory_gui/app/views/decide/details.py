"""Details of a decision, folded away: the voting rules side by side, distances by rank, what HNSW would miss."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.headline import by_rule, disagree, misses, percent
from visualmemory_gui.app.views.kit.buttons import fold_button
from visualmemory_gui.app.widgets.chart.distances_plot import DistancesPlot, Dot
from visualmemory_gui.app.widgets.tables.label_delegate import LabelDelegate
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.decision.votes import VoteTally
from visualmemory_gui.engine.types import RULES, Decision, Rule

Colour = Callable[[str], QColor]


class Details(QWidget):
    """The details of a decision. They open automatically when the rules disagree, and then also close automatically.

    They are filled while they are open: folded away, no decision waits for them.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._disagreed = self._opened_itself = self._brief = self._filled = False
        self.fold = fold_button("Details")
        self.rules = _rules_table()
        self._decision: Decision | None = None
        self._tallies: Mapping[Rule, VoteTally[str]] = {}
        self._names = ShortLabels()
        self._colour: Colour = lambda _: QColor()
        self.rules.setItemDelegateForColumn(1, LabelDelegate(self.rules, lambda: self._names))
        self.distances = DistancesPlot()
        self.names = QLabel()
        self.names.setWordWrap(True)
        self.names.setTextFormat(Qt.TextFormat.PlainText)
        self.names.setAccessibleDescription("What the names of the classes alone would say")
        self.misses = QLabel()
        self.misses.setWordWrap(True)
        self.misses.setProperty("dim", True)
        self.misses.setAccessibleDescription("What the HNSW index would miss")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.fold, self.rules, self.names, self.distances, self.misses):
            column.addWidget(widget)
        self.fold.toggled.connect(self.on_toggled)
        self.on_toggled(False)

    def show_decision(self, decision: Decision | None, names: ShortLabels, colour: Colour) -> None:
        """Show ``decision``; ``names`` are the labels that its own must be distinct from."""
        self._decision, self._names, self._colour = decision, names, colour
        self._filled = False
        self._tallies = by_rule(decision)
        disagreed, self._disagreed = self._disagreed, disagree(self._tallies)
        if self._disagreed != disagreed:
            self._open_or_close()
        self._show_folded()
        state = "disagree" if self._disagreed else "agree"
        self.fold.set_words(f"Details: the voting rules {state}" if self._tallies else "Details", brief="Details")

    def show_names(self, sentence: str) -> None:
        """Show what the names of the classes alone would say, "" for nothing."""
        self.names.setText(sentence)
        self._show_folded()

    def set_brief(self, brief: bool) -> None:
        """Where room is short, open the details only on request."""
        if brief != self._brief:
            self._brief = brief
            self._open_or_close()

    def on_toggled(self, opened: bool) -> None:
        self._opened_itself = False
        self._show_folded()

    def _show_folded(self) -> None:
        opened = self.fold.isChecked()
        if opened and not self._filled:
            self._fill()
        self.rules.setVisible(opened)
        self.distances.setVisible(opened and bool(self.distances.dots))
        self.names.setVisible(opened and bool(self.names.text()))
        self.misses.setVisible(opened and bool(self.misses.text()))

    def _fill(self) -> None:
        _fill_rules(self.rules, self._tallies)
        self.distances.set_dots(dots_of(self._decision, self._colour))
        self.misses.setText(misses(self._decision))
        self._filled = True

    def _open_or_close(self) -> None:
        wanted = self._disagreed and not self._brief
        if wanted and not self.fold.isChecked():
            self.fold.setChecked(True)
            self._opened_itself = True
        elif not wanted and self._opened_itself:
            self.fold.setChecked(False)


def dots_of(decision: Decision | None, colour: Colour) -> list[Dot]:
    """The neighbours of ``decision`` at its level, in the colours of their classes."""
    if decision is None:
        return []
    missed = set(decision.search.missed if decision.search else ())
    labels = [at_level(n.label, decision.level) for n in decision.neighbours]
    return [
        Dot(n.rank, label, n.distance, colour(label), label == decision.label, n.id in missed)
        for n, label in zip(decision.neighbours, labels, strict=True)
    ]


def _fill_rules(table: QTableWidget, tallies: Mapping[Rule, VoteTally[str]]) -> None:
    for row, rule in enumerate(RULES):
        found = tallies.get(rule)
        cells = (rule, "", "", "")
        if found:
            cells = (rule, found.winner or "none", percent(found.share or 0.0), percent(found.margin or 0.0))
        for column, text in enumerate(cells):
            item = table.item(row, column)
            if item is not None:
                item.setText(text)
                item.setToolTip(text)


def _rules_table() -> QTableWidget:
    table = QTableWidget(len(RULES), 4)
    table.setObjectName("rulesTable")
    table.setProperty("plain", True)
    table.setAccessibleName("The voting rules on these neighbours")
    table.setHorizontalHeaderLabels(["Rule", "Winner", "Share", "Margin"])
    table.verticalHeader().hide()
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    table.setShowGrid(False)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    high = table.fontMetrics().height() + theme.px(5)
    table.verticalHeader().setDefaultSectionSize(high)
    table.setMinimumWidth(theme.px(190))  # so that the winners have room
    table.setFixedHeight(high * (len(RULES) + 1) + theme.px(4))
    for row in range(len(RULES)):
        for column in range(4):
            table.setItem(row, column, QTableWidgetItem())
    return table
