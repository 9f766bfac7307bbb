"""The edit that Decide previews: that of the class, button or card under the mouse, or of the selected cards."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex

from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.models.class_rows import ClassRole
from visualmemory_gui.app.models.impact import propose, propose_lesson
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.decide.decision_panel import DecisionPanel
from visualmemory_gui.app.views.decide.neighbours_panel import NeighboursPanel
from visualmemory_gui.app.views.decide.query_panel import QueryPanel
from visualmemory_gui.app.views.kit.impact_preview import PreviewBinding, Proposed
from visualmemory_gui.engine.decision.levels import winning_label
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit


class DecidePreview(PreviewBinding):
    """A class or *Teach* under the mouse comes before the selected cards; a card counts only where none is selected."""

    def __init__(
        self, session: Session, query: QueryPanel, neighbours: NeighboursPanel, decision: DecisionPanel
    ) -> None:
        super().__init__(neighbours, session, neighbours.impact, self._of_selection)
        self._decision, self._neighbours = session.decision, neighbours
        self.over_rows(neighbours.grid, self._of_card)
        self.over_rows(decision.classes, self._of_class)
        for button in (query.teach, query.confirm):
            self.over(button, self._of_winner)
        neighbours.selection_changed.connect(self.update)
        session.decision.decided.connect(self.update)

    def _of_selection(self) -> ProposedEdit | None:
        left_out = self._decision.left_out_ids
        struck = [i for i in self._neighbours.selected(struck=True) if i not in left_out]
        return propose("strike", self._neighbours.selected(struck=False)) or propose("restore", struck)

    def _of_card(self, card: QModelIndex) -> Proposed | None:
        exemplar = card.data(CardRole.Exemplar)
        if exemplar is None or str(card.data(CardRole.State)) != "active":
            return None
        return lambda: self._of_selection() or propose("strike", [exemplar])

    def _of_class(self, row: QModelIndex) -> Proposed:
        label = row.data(ClassRole.Label)
        return lambda: propose_lesson(self._decision.query, label)

    def _of_winner(self) -> ProposedEdit | None:
        decision = self._decision.decision
        return propose_lesson(self._decision.query, winning_label(decision) if decision is not None else None)
