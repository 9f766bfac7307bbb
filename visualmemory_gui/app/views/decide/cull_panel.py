"""The decision of the image shown while culling: a headline, the neighbours it rests on, and the classes to teach."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.class_marks import ClassMarks
from visualmemory_gui.app.models.class_rows import ClassRole
from visualmemory_gui.app.models.cull_run import cull_headline, strongest
from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.headline import breakable, percent
from visualmemory_gui.app.models.queue_rows import QueueRow
from visualmemory_gui.app.widgets.cards.class_rows import ClassList
from visualmemory_gui.app.widgets.cards.neighbour_strip import COLUMNS, NeighbourStrip, StripCell
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.types import Decision, Neighbour

LEAST_PT, MOST_PT = 190.0, 300.0  # wide
LEAST_ROWS = 4  # of the list of classes
HIGH_PT = 370.0  # from which on there is room for two rows of neighbours


class WholeRows(ClassList):
    """A list of classes that cuts no row: what is too little for one more row stays empty."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(LEAST_ROWS * self._pitch)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.setViewportMargins(0, 0, 0, self.height() % self._pitch)
        super().resizeEvent(event)

    @property
    def _pitch(self) -> int:
        return max(1, self.sizeHintForRow(0))


class CullPanel(QFrame):
    """Shows one decision. ``class_chosen`` reports a class of the list that was clicked, None for a new one."""

    class_chosen = Signal(object)

    def __init__(self, model: DecisionModel, marks: ClassMarks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cullPanel")
        self.setProperty("panel", True)
        self.setAccessibleName("Decision of the image shown")
        self.setMinimumWidth(theme.px(LEAST_PT))
        self.setMaximumWidth(theme.px(MOST_PT))
        self._model, self._marks = model, marks
        self.winner = QLabel()
        self.winner.setObjectName("cullWinner")
        self.winner.setFont(theme.points(self.font(), 4, bold=True))
        self.here, self.numbers, self.reason = QLabel(), QLabel(), QLabel()
        self.neighbours = NeighbourStrip()
        self.classes = WholeRows()
        self.classes.setObjectName("cullClasses")
        self.classes.setAccessibleName("Classes to teach")
        self.classes.clicked.connect(self.on_class_clicked)
        self._lay_out()

    def show_decision(self, row: QueueRow, decision: Decision | None) -> None:
        """``decision`` is None while it is on its way; until then the row of the queue says what it is."""
        said = cull_headline(row, decision)
        for label, text in (
            (self.winner, breakable(said.title)),
            (self.here, said.here),
            (self.numbers, said.numbers),
            (self.reason, said.reason),
        ):
            label.setText(text)
            label.setVisible(bool(text))
        if decision is not None:
            cells = [self._cell(n, decision.level) for n in strongest(decision, 2 * COLUMNS)]
            self.neighbours.set_cells(cells, self._model.names)
        self.classes.set_rows(self._marks.rows(), self._model.names)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.neighbours.set_rows(2 if self.height() >= theme.px(HIGH_PT) else 1)

    def on_class_clicked(self, index: QModelIndex) -> None:
        self.class_chosen.emit(index.data(ClassRole.Label))

    def _cell(self, n: Neighbour, level: int) -> StripCell:
        label = at_level(n.label, level)
        words = f"{label}, {percent(n.share)} of the vote, rank {n.rank}, distance {n.distance:.3f}"
        return StripCell(label, self._marks.colour(label), percent(n.share), words, self._model.images.get(n.id))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        for label, name in (
            (self.winner, "Decision"),
            (self.here, "Already in the memory"),
            (self.numbers, "Share and margin"),
            (self.reason, "Why it is unknown"),
        ):
            label.setWordWrap(True)
            label.setAccessibleDescription(name)
            column.addWidget(label)
        self.reason.setProperty("dim", True)
        column.addWidget(self.neighbours)
        column.addWidget(self.classes, 1)
