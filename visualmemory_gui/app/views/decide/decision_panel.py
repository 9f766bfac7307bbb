"""The vote: shares as bars, why in one sentence, the voting rules side by side, and the classes as drop targets."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.class_marks import ClassMarks
from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.headline import opinion_sentence, why
from visualmemory_gui.app.models.opinion import OpinionModel
from visualmemory_gui.app.views.decide.details import Details
from visualmemory_gui.app.views.kit.titles import title_of
from visualmemory_gui.app.widgets.cards.class_rows import ClassList
from visualmemory_gui.app.widgets.cards.shares_bars import SharesBars
from visualmemory_gui.app.widgets.panels.class_filter import ClassFilter
from visualmemory_gui.app.widgets.panels.flip_line import FlipLine
from visualmemory_gui.app.widgets.panels.opinion_line import OpinionLine
from visualmemory_gui.app.widgets.panels.scrolled_panel import ScrolledPanel

FEW_CLASSES = 7  # are all in sight


class DecisionPanel(QFrame):
    """The decision of a ``DecisionModel``, and the second opinion on it of an ``OpinionModel``.

    Where room is short the ``vote`` scrolls: classes to drop on stay in sight.
    """

    def __init__(
        self, decision: DecisionModel, marks: ClassMarks, opinion: OpinionModel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("decisionPanel")
        self.setAccessibleName("Decision")
        self.setProperty("panel", True)
        self._decision, self._marks, self._opinion = decision, marks, opinion
        self.bars = SharesBars()
        self.why = QLabel()
        self.why.setWordWrap(True)
        self.why.setAccessibleDescription("Why")
        self.opinion = OpinionLine()
        self.opinion.cancel_requested.connect(opinion.cancel)
        self.flip = FlipLine()
        self.details = Details()
        self.classes = ClassList()
        self.filter = ClassFilter("class")
        self.filter.text_changed.connect(self.classes.set_filter)
        self.filter.accepted.connect(self.classes.choose_first)
        self.filter.left.connect(self.classes.setFocus)
        self.filter.new_class_requested.connect(self.classes.new_class_requested)
        self._lay_out()
        decision.decided.connect(self.on_decided)
        marks.updated.connect(self.on_decided)
        opinion.updated.connect(self.on_opinion_updated)
        theme.notifier.changed.connect(self.on_decided)
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
                    self._marks.colour(label),
                )
                for label in labels
            ],
            self._decision.names,
        )
        self.why.setText(why(decision))
        self.why.setVisible(bool(self.why.text()))
        rows = self._marks.rows()
        self.classes.set_rows(rows, self._decision.names)
        self.filter.setVisible(len(rows) > FEW_CLASSES or bool(self.filter.text))
        self.details.show_decision(decision, self._decision.names, self._marks.colour)
        self._say_opinion()

    def on_opinion_updated(self) -> None:
        self._say_opinion()
        if self.opinion.sentence.text():  # it was asked for: where the vote scrolls, it is scrolled to
            QTimer.singleShot(0, self, partial(self.vote.ensureWidgetVisible, self.opinion, 0, 0))  # once laid out

    def _say_opinion(self) -> None:
        model, found = self._opinion, self._opinion.found
        self.opinion.say(
            opinion_sentence(found, model.winner, model.error, waiting=model.running),
            on=model.endpoint is not None and model.winner is not None,
            waiting=model.running,
            reason=found.reason if found is not None else "",
            price=found.price_in_words if found is not None else "",
        )

    def set_brief(self, brief: bool) -> None:
        """Where room is short, open the details only on request: the digits of the classes come first."""
        self.details.set_brief(brief)

    def _lay_out(self) -> None:
        vote = QWidget()
        above = QVBoxLayout(vote)
        above.setContentsMargins(0, 0, 0, 0)
        for widget in (title_of("Vote"), self.bars, self.why, self.opinion, self.flip, self.details):
            above.addWidget(widget)
        above.addStretch(1)
        self.vote = ScrolledPanel(vote, name="Vote", inside=True)
        column = QVBoxLayout(self)
        for part in (self.vote, title_of("Classes"), self.filter):
            column.addWidget(part)
        column.addWidget(self.classes, 1)  # a stretch, and so down to its least height before the vote scrolls
