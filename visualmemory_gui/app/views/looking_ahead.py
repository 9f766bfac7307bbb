"""What is selected or under the mouse in Decide becomes the edit in question: its impact is told before it is made."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QObject

from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.models.class_rows import ClassRole
from visualmemory_gui.app.models.foreseen import Thought, lesson, thought
from visualmemory_gui.app.models.headline import winning_label
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.considering import bind_line
from visualmemory_gui.app.views.decision_panel import DecisionPanel
from visualmemory_gui.app.views.neighbours_panel import NeighboursPanel
from visualmemory_gui.app.views.query_panel import QueryPanel


class LookingAhead(QObject):
    """The mouse over a class, over *Teach* or over a card comes before the selection."""

    def __init__(
        self, session: Session, query: QueryPanel, neighbours: NeighboursPanel, decision: DecisionPanel
    ) -> None:
        super().__init__(neighbours)
        self._session, self._neighbours = session, neighbours
        self._under: Callable[[], Thought | None] | None = None
        bind_line(neighbours.impact, session)
        neighbours.selection_changed.connect(self.on_changed)
        neighbours.grid.entered.connect(self.on_card_entered)
        decision.classes.entered.connect(self.on_class_entered)
        self._left = {neighbours.grid.viewport(), decision.classes.viewport()}
        self._teaching = {query.teach, query.confirm}
        for widget in (*self._left, *self._teaching, neighbours):
            widget.installEventFilter(self)
        session.decision.decided.connect(self.on_changed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Enter and watched in self._teaching:
            self._set(self._teaching_winner)
        elif kind == QEvent.Type.Leave and (watched in self._teaching or watched in self._left):
            self._set(None)
        elif kind == QEvent.Type.Show and watched is self._neighbours:
            self.on_changed()
        return False

    def on_card_entered(self, index: QModelIndex) -> None:
        """A card under the mouse, while none is selected: striking it."""
        exemplar = index.data(CardRole.Exemplar)
        struck = str(index.data(CardRole.State)) != "active"
        self._set(None if struck or exemplar is None else lambda: self._selected() or thought("strike", [exemplar]))

    def on_class_entered(self, index: QModelIndex) -> None:
        label = index.data(ClassRole.Label)
        self._set(lambda: lesson(self._session.decision.query, label))

    def on_changed(self) -> None:
        """The selection or the decision is another one."""
        if self._neighbours.isVisible():
            self._session.foreseen.consider(self._under() if self._under is not None else self._selected())

    def _set(self, under: Callable[[], Thought | None] | None) -> None:
        self._under = under
        self.on_changed()

    def _selected(self) -> Thought | None:
        out = self._session.decision.left_out_ids
        struck = [i for i in self._neighbours.selected(struck=True) if i not in out]
        return thought("strike", self._neighbours.selected(struck=False)) or thought("restore", struck)

    def _teaching_winner(self) -> Thought | None:
        decision = self._session.decision.decision
        label = winning_label(decision) if decision is not None else None
        return lesson(self._session.decision.query, label)
