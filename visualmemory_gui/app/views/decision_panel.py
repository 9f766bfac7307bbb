"""The vote: shares as bars, why in one sentence, the four rules side by side, and the classes as drop targets."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.class_keys import ClassKeysModel
from visualmemory_gui.app.models.classes import class_rows
from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.headline import by_rule, disagree, percent, why
from visualmemory_gui.app.widgets.class_rows import ClassList
from visualmemory_gui.app.widgets.flip_line import FlipLine
from visualmemory_gui.app.widgets.shares_bars import SharesBars
from visualmemory_gui.engine.types import RULES


class DecisionPanel(QFrame):
    """Shows the decision of a ``DecisionModel``."""

    def __init__(self, decision: DecisionModel, given: ClassKeysModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("decisionPanel")
        self.setAccessibleName("Decision")
        self.setProperty("panel", True)
        self._decision, self._given = decision, given
        self._disagreed = self._opened_itself = self._brief = False
        self.keys: dict[int, str] = {}
        self.bars = SharesBars()
        self.why = QLabel()
        self.why.setWordWrap(True)
        self.why.setAccessibleDescription("Why")
        self.flip = FlipLine()
        self.details = _fold("Details: the four rules")
        self.rules = _rules_table()
        self.classes = ClassList()
        self._lay_out()
        self.details.toggled.connect(self.on_details_toggled)
        decision.decided.connect(self.on_decided)
        given.updated.connect(self.on_decided)
        theme.notifier.changed.connect(self.on_decided)
        self.on_details_toggled(False)
        self.on_decided()

    def on_decided(self) -> None:
        decision = self._decision.decision
        before = self._decision.previous
        shares = dict(decision.shares) if decision is not None else {}
        labels = list(shares) + [label for label in before or () if label not in shares]
        self.bars.set_shares(
            [
                (
                    label,
                    shares.get(label, 0.0),
                    None if before is None else before.get(label, 0.0),
                    theme.chip_colour(label, list(shares)),
                )
                for label in labels
            ]
        )
        self.why.setText(why(decision))
        self.why.setVisible(bool(self.why.text()))
        rows = class_rows(self._decision.counts, decision, theme.chip_colour, self._given.keys)
        self.keys = {int(row.key): row.label for row in rows if row.key}
        self.classes.set_rows(rows)
        self._show_rules()

    def set_brief(self, brief: bool) -> None:
        """Where room is short the details open only when they are asked for: the digits of the classes come first."""
        if brief != self._brief:
            self._brief = brief
            self._open_or_close()

    def on_details_toggled(self, opened: bool) -> None:
        self._opened_itself = False
        self.details.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.rules.setVisible(opened)

    def _show_rules(self) -> None:
        tallies = by_rule(self._decision.decision)
        for row, rule in enumerate(RULES):
            found = tallies.get(rule)
            cells = (
                (rule, found.winner or "none", percent(found.share or 0.0), percent(found.margin or 0.0))
                if found
                else (rule, "", "", "")
            )
            for column, text in enumerate(cells):
                item = self.rules.item(row, column)
                if item is not None:
                    item.setText(text)
                    item.setToolTip(text)
        disagreed, self._disagreed = self._disagreed, disagree(tallies)
        if self._disagreed != disagreed:
            self._open_or_close()
        state = "disagree" if self._disagreed else "agree"
        self.details.setText(f"Details: the four rules {state}" if tallies else "Details: the four rules")

    def _open_or_close(self) -> None:
        """The details open themselves when the rules disagree; what opened itself also closes itself."""
        wanted = self._disagreed and not self._brief
        if wanted and not self.details.isChecked():
            self.details.setChecked(True)
            self._opened_itself = True
        elif not wanted and self._opened_itself:
            self.details.setChecked(False)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        for text, widgets in (
            ("Vote", (self.bars, self.why, self.flip, self.details, self.rules)),
            ("Classes", (self.classes,)),
        ):
            title = QLabel(text)
            title.setProperty("title", True)
            column.addWidget(title)
            for widget in widgets:
                column.addWidget(widget, 1 if widget is self.classes else 0)


def _fold(text: str) -> QToolButton:
    fold = QToolButton()
    fold.setText(text)
    fold.setCheckable(True)
    fold.setAutoRaise(True)
    fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return fold


def _rules_table() -> QTableWidget:
    table = QTableWidget(len(RULES), 4)
    table.setObjectName("rulesTable")
    table.setProperty("plain", True)
    table.setAccessibleName("The four voting rules on these neighbours")
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
    table.setFixedHeight(high * (len(RULES) + 1) + theme.px(4))
    for row in range(len(RULES)):
        for column in range(4):
            table.setItem(row, column, QTableWidgetItem())
    return table
