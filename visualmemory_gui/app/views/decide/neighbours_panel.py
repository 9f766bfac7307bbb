"""The neighbours as cards, and how they are found: k, rule, level, search."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.headline import agreement, agreement_in_words
from visualmemory_gui.app.models.neighbours import NeighboursModel
from visualmemory_gui.app.views.kit.buttons import fold_button
from visualmemory_gui.app.views.kit.card_grid import CardGrid
from visualmemory_gui.app.views.kit.elided_label import ElidedLabel
from visualmemory_gui.app.widgets.panels.impact_line import ImpactLine
from visualmemory_gui.app.widgets.panels.term_help import TermHelp
from visualmemory_gui.engine.types import RULES, Decision, Rule

MOST_NEIGHBOURS = 200
ORDERS = (
    ("by distance", "The nearest first; the number on a card is always its rank by distance"),
    ("by vote", "The largest vote first; the number on a card is always its rank by distance"),
)
HNSW = "HNSW is an index that finds nearly all of the nearest without comparing every exemplar; large memories need it."
SIDES_PT, STEP_PT = (64, 240), 8
RULE_TIPS: dict[Rule, str] = {
    "plurality": "Every neighbour's vote weighs the same",
    "distance": "A nearer neighbour weighs a little more",
    "softmax": "A nearer neighbour weighs much more",
    "rank": "The first neighbour weighs most, the next ones less, whatever their distance",
    "ridge": "Neighbours weigh what they add to explaining the image together; near copies share one voice",
}


class NeighboursPanel(QFrame):
    """The cards of a ``NeighboursModel``. A click on a card's button is about that card alone, whatever is selected."""

    strike_requested = Signal(list)
    restore_requested = Signal(list)
    selection_changed = Signal()
    order_chosen = Signal(bool)  # by vote
    size_chosen = Signal(float)  # points

    def __init__(self, decision: DecisionModel, model: NeighboursModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self._decision = decision
        self._model = model
        self._kept: list[int] = []
        self._menu: Callable[[], QMenu] | None = None
        self.grid = self._make_grid()
        self.k = self._make_k()
        self.rule = self._make_rule()
        self.level = self._make_level()
        self.search = ElidedLabel()
        self.search.setObjectName("searchLabel")
        self.search.setProperty("dim", True)
        self.silent = fold_button("Neighbours without a vote")
        self.silent.setObjectName("silentButton")
        self.silent.hide()
        self.search_help = TermHelp("HNSW agrees")
        self.compare = QToolButton()
        self.compare.setObjectName("compareButton")
        self.compare.setAccessibleName("Compare with the query")
        self.compare.setAutoRaise(True)
        self.compare.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.order = self._make_order()
        self.card_size = self._make_size()
        self.hint = QLabel()
        self.hint.setProperty("dim", True)
        self.hint.setWordWrap(True)
        self.hint.setAccessibleName("Hint")
        self.impact = ImpactLine()
        self._lay_out()
        self._connect()
        self.on_settings_changed()

    def selected(self, *, struck: bool | None = None) -> list[int]:
        """Ids of the selected cards in rank order; on request only the struck or only the voting ones."""
        rows = sorted(index.row() for index in self.grid.selectionModel().selectedIndexes())
        chosen = [row for row in rows if struck is None or self._model.is_struck(row) == struck]
        return [self._model.neighbour(row).id for row in chosen]

    def select(self, ids: list[int]) -> None:
        """Select the cards of ``ids``, and no others."""
        chosen = QItemSelection()
        for row in self._model.rows_of(ids):
            chosen.select(self._model.index(row), self._model.index(row))
        self.grid.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def set_menu(self, menu: Callable[[], QMenu], *, compare: QAction) -> None:
        """Set what makes the context menu of a card, and the action of the button below the cards."""
        self._menu = menu
        self.compare.setDefaultAction(compare)

    def say(self, text: str) -> None:
        """Show a hint below the cards, without moving them, until it is replaced by ""."""
        self.hint.setText(text)
        self.hint.setVisible(bool(text))

    def on_settings_changed(self) -> None:
        for box, value in ((self.k, self._decision.k), (self.level, self._decision.level)):
            box.blockSignals(True)
            if isinstance(box, QSpinBox):
                box.setValue(value)
            else:
                box.setCurrentIndex(value)
            box.blockSignals(False)
        self.rule.setCurrentText(self._decision.rule)

    def on_decided(self) -> None:
        decision = self._decision.decision
        self.search.set_full_text(*agreement(decision))
        words = agreement_in_words(decision)
        self.search.setToolTip(words)
        self.search_help.explain(f"{words}. {HNSW}" if words else "")
        self._offer_levels(self._decision.deepest)
        count = len(decision.silent) if decision is not None else 0
        if count:
            self.silent.set_words(f"{count:,} more retrieved, no vote", brief=f"{count:,} more")
        self.silent.setVisible(count > 0)
        self.silent.setToolTip(decision.silent_words if decision is not None else "")
        self.grid.set_empty_text(hint_of(decision, self._decision.counts) if self._decision.memory else "")
        self.grid.set_full_labels(decision is not None and decision.level > 0)
        self.say("")

    def on_about_to_reset(self) -> None:
        self._kept = self.selected()

    def on_reset(self) -> None:
        """Restore the selection after an edit that moved its cards, and say so where none of them is left."""
        self.select(self._kept)
        self._kept = []
        if not self.grid.selectionModel().hasSelection():
            self.selection_changed.emit()

    def _make_grid(self) -> CardGrid:
        grid = CardGrid()
        grid.setModel(self._model)
        grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        return grid

    def _make_k(self) -> QSpinBox:
        box = QSpinBox()
        box.setObjectName("kSpin")
        box.setAccessibleName("k, the number of neighbours that vote")
        box.setToolTip("How many neighbours vote")
        box.setRange(1, MOST_NEIGHBOURS)
        box.setPrefix("k = ")
        return box

    def _make_rule(self) -> QComboBox:
        box = QComboBox()
        box.setObjectName("ruleBox")
        box.setAccessibleName("Voting rule")
        box.setToolTip("How much each neighbour's vote weighs")
        for rule in RULES:
            box.addItem(rule)
            box.setItemData(box.count() - 1, RULE_TIPS[rule], Qt.ItemDataRole.ToolTipRole)
        return box

    def _make_level(self) -> QComboBox:
        box = QComboBox()
        box.setObjectName("levelBox")
        box.setAccessibleName("Level of the label tree")
        box.setToolTip("Decide between full labels, or between the first parts of their paths")
        box.addItem("full label")
        return box

    def _make_order(self) -> QComboBox:
        box = QComboBox()
        box.setObjectName("cardOrder")
        box.setAccessibleName("Order of the cards")
        box.setToolTip("Which neighbours come first")
        for text, tip in ORDERS:
            box.addItem(text)
            box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        return box

    def _make_size(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setObjectName("cardSize")
        slider.setAccessibleName("Size of the cards")
        slider.setToolTip("Size of the cards (Ctrl and the wheel over them)")
        slider.setRange(*SIDES_PT)
        slider.setSingleStep(STEP_PT)
        slider.setPageStep(2 * STEP_PT)
        slider.setFixedWidth(theme.px(70))
        slider.setValue(round(self.grid.largest))
        return slider

    def set_order(self, *, by_vote: bool) -> None:
        """Order the cards by vote, or by distance."""
        self.order.setCurrentIndex(int(by_vote))

    def set_largest(self, points: float | None) -> None:
        """Set the size of the cards; None: as the room suggests."""
        self.grid.set_largest(points)
        with QSignalBlocker(self.card_size):
            self.card_size.setValue(round(self.grid.largest))

    def on_size_moved(self, points: int) -> None:
        self.grid.set_largest(float(points))
        self.size_chosen.emit(float(points))

    def on_size_stepped(self, step: int) -> None:
        self.card_size.setValue(round(self.grid.largest) + step * STEP_PT)

    def on_order_chosen(self, at: int) -> None:
        self._model.order_by_vote(bool(at))
        self.grid.setAccessibleName(f"Neighbours, {'largest vote' if at else 'nearest'} first")
        self.order_chosen.emit(bool(at))

    def _lay_out(self) -> None:
        title = QLabel("Neighbours")
        title.setProperty("title", True)
        header = QHBoxLayout()
        header.addWidget(title)
        header.addWidget(self.search, 1)
        header.addWidget(self.search_help)
        for box in (self.k, self.rule, self.level):
            header.addWidget(box)
        column = QVBoxLayout(self)
        column.addLayout(header)
        column.addWidget(self.grid, 1)
        below = QHBoxLayout()
        below.addWidget(self.silent)
        below.addStretch(1)
        below.addWidget(self.compare)
        below.addWidget(self.order)
        below.addWidget(self.card_size)
        column.addLayout(below)
        column.addWidget(self.hint)
        column.addWidget(self.impact)

    def _connect(self) -> None:
        self.k.valueChanged.connect(self._decision.set_k)
        self.k.lineEdit().returnPressed.connect(self.grid.setFocus)
        self.rule.currentTextChanged.connect(self._decision.set_rule)
        self.level.currentIndexChanged.connect(self._decision.set_level)
        self.order.currentIndexChanged.connect(self.on_order_chosen)
        self.card_size.valueChanged.connect(self.on_size_moved)
        self.grid.size_stepped.connect(self.on_size_stepped)
        self.silent.toggled.connect(self._decision.show_silent)
        self._decision.settings_changed.connect(self.on_settings_changed)
        self._decision.query_changed.connect(self.grid.scrollToTop)
        self._decision.decided.connect(self.on_decided)
        self._model.modelAboutToBeReset.connect(self.on_about_to_reset)
        self._model.modelReset.connect(self.on_reset)
        self.grid.cards.strike_requested.connect(lambda exemplar: self.strike_requested.emit([exemplar]))
        self.grid.cards.restore_requested.connect(lambda exemplar: self.restore_requested.emit([exemplar]))
        self.grid.selectionModel().selectionChanged.connect(lambda *_: self.selection_changed.emit())
        self.grid.customContextMenuRequested.connect(self.on_context_menu)

    def on_context_menu(self, position: QPoint) -> None:
        index = self.grid.indexAt(position)
        if not index.isValid() or index.data(CardRole.Exemplar) not in self.selected():
            return
        if self._menu is not None:
            self._menu().popup(self.grid.viewport().mapToGlobal(position))

    def _offer_levels(self, deepest: int) -> None:
        wanted = ["full label", *(f"level {n}" for n in range(1, deepest))]
        if [self.level.itemText(i) for i in range(self.level.count())] != wanted:
            self.level.blockSignals(True)
            self.level.clear()
            self.level.addItems(wanted)
            self.level.setCurrentIndex(min(self._decision.level, deepest - 1))
            self.level.blockSignals(False)
        self.level.setVisible(deepest > 1)


def hint_of(decision: Decision | None, counts: Mapping[str, int]) -> str:
    """What to do, where no neighbours are shown."""
    if decision is not None:
        return "" if decision.neighbours else "Nothing to compare with: teach this image as the first class."
    if counts:
        return "Drop an image to see its nearest exemplars here."
    return "This memory is empty. Drop an image and teach its class, or drop a folder of classes in Curate."
