"""The page of Study that tunes: curves while it runs, the gain, and Apply where that is more than chance."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.action import Action, Fact, build, show_targets
from visualmemory_gui.app.models.tuning import TuningModel, descent, details, proposed_tuning, verdict
from visualmemory_gui.app.operations import study
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.buttons import ActionButton, bind, button_of, primary_of
from visualmemory_gui.app.views.kit.impact_preview import PreviewBinding
from visualmemory_gui.app.views.kit.titles import title_of
from visualmemory_gui.app.views.study.chart_page import EXPORT, ChartPage
from visualmemory_gui.app.views.study.study_page import dim_label, explain
from visualmemory_gui.app.widgets.chart.chart_view import ChartView
from visualmemory_gui.app.widgets.panels.impact_line import ImpactLine
from visualmemory_gui.app.widgets.panels.term_help import TermHelp

ACTIONS: tuple[Action[TunePage], ...] = (
    Action("look", "Tune", "Fit a trust for each exemplar; nothing is written before you apply it", "tune-variant",
           lambda page: page.look(), (), ("ready",)),
    EXPORT,
    Action("apply", "Apply {}", "Give these exemplars their fitted trust, as one step", "check",
           lambda page: page.apply(), (), ("found",)),
)  # fmt: skip
APPLY_PT = 130.0
EXPLAINED = (
    "Tuning finds by gradient descent how far to trust each exemplar (0.05 to 4 times). Half of the exemplars are used "
    "to fit, a quarter to choose when to stop, and a quarter that took no part in it to measure the gain. A gain that "
    "could be chance is not applied."
)
FIT = (
    "Fit: how well the exemplars are decided that the trust is fitted to. Choose: the same for others, which only say "
    "when to stop. Where the first goes on getting better and the second does not, more steps learn by heart."
)


class TunePage(ChartPage):
    """Fits the trust of exemplars, shows the way there, and applies it as one step."""

    title = "Tune"
    specs = ACTIONS

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.model = TuningModel(session.tasks, self)
        self.charts = (ChartView(), ChartView())
        self.actions_by_id = build(self, ACTIONS, prefix="tune", heard_in=[self])
        self._lay_out()
        session.memory_opened.connect(self.on_memory_changed)
        session.memory_closed.connect(self.on_memory_changed)
        session.changed.connect(self.model.on_changed)
        self.model.updated.connect(self.on_updated)
        self.model.stepped.connect(self.on_stepped)
        self.on_updated()

    def look(self) -> None:
        self.model.look()

    def apply(self) -> None:
        if self.model.found is not None:
            study.tune(self._session, self.model.found)

    def on_memory_changed(self) -> None:
        self.model.set_memory(self._session.whole)

    def on_stepped(self) -> None:
        tuned, steps = self.model.found, self.model.steps
        for view, chart in zip(self.charts, descent(steps, tuned.stopped_at if tuned else None), strict=True):
            view.setVisible(bool(steps))
            view.set_chart(chart if steps else None)

    def on_updated(self) -> None:
        model, tuned = self.model, self.model.found
        self.verdict.setText(verdict(tuned) if tuned else model.refusal)
        self.verdict.setVisible(bool(self.verdict.text()))
        self.details.setText(details(tuned) if tuned else "")
        self.details.setVisible(tuned is not None)
        self.on_stepped()
        explain(self._column, self.explained, alone=not (self.verdict.text() or model.steps))
        self.why.setText(model.why_not("it does not help" if tuned is not None and tuned.refused else ""))
        facts: dict[Fact, bool] = {
            "ready": not model.running and self._session.memory is not None,
            "drawn": self.has_charts and not model.running,
            "found": tuned is not None and not self.why.text(),
        }
        show_targets(self.actions_by_id, ACTIONS, facts, f"to {len(tuned.trust):,} exemplars" if tuned else "")
        self.preview_binding.update()

    def _lay_out(self) -> None:
        self.explained, self.details, self.why = dim_label(), dim_label(), dim_label()
        self.explained.setText(EXPLAINED)
        self.impact = ImpactLine()
        self.preview_binding = PreviewBinding(self, self._session, self.impact, lambda: proposed_tuning(self.model))
        self.verdict = QLabel()
        self.verdict.setObjectName("tuneVerdict")
        self.verdict.setWordWrap(True)
        apply = ActionButton("tuneButton", primary=True)
        apply.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        apply.setFixedWidth(theme.px(APPLY_PT))
        bind(apply, self.actions_by_id["apply"])
        top, below, plots = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        plots.setSpacing(theme.px(10))
        for curve in self.charts:
            plots.addWidget(curve, 1)
        top.addWidget(title_of(self.title))
        top.addWidget(TermHelp("fit and choose", FIT))
        top.addStretch(1)
        top.addWidget(button_of(self.actions_by_id["export"]))
        top.addWidget(primary_of(self.actions_by_id["look"]))
        below.addWidget(self.why, 1)
        below.addWidget(apply)
        column = self._column = QVBoxLayout(self)
        column.addLayout(top)
        for label in (self.explained, self.verdict, self.details):
            column.addWidget(label)
        column.addLayout(plots, 1)
        column.addWidget(self.impact)
        column.addLayout(below)
