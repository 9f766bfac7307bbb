"""The page of Study that shows how often decisions are right: curves, the confusion matrix, and runs to compare."""

from __future__ import annotations

import time
from functools import partial
from itertools import zip_longest

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.action import build
from visualmemory_gui.app.models.blame import BlameModel
from visualmemory_gui.app.models.charts import charts
from visualmemory_gui.app.models.evaluation import ClassFiguresRow, ConfusionCell, EvaluationModel, headline
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.operations import study
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.buttons import button_of
from visualmemory_gui.app.views.kit.titles import title_of
from visualmemory_gui.app.views.study.best_settings_panel import BestSettingsPanel
from visualmemory_gui.app.views.study.chart_page import EXPORT, ChartPage
from visualmemory_gui.app.widgets.chart.chart_view import ChartView, Turns
from visualmemory_gui.app.widgets.chart.confusion_panel import ConfusionPanel
from visualmemory_gui.app.widgets.tables.blame_box import SIDE_PT, BlameBox
from visualmemory_gui.app.widgets.tables.class_figures import ClassFiguresTable
from visualmemory_gui.app.widgets.tables.runs_table import RunsTable
from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import I64, Changes

EMPTY = (
    "Every exemplar is decided by all others, under every rule and every k. That shows how far the memory can be "
    "trusted, which classes it confuses, and which k suits it."
)
MOST_CHARTS = 8
ALL = "all active exemplars"


class EvaluatePage(ChartPage):
    """The evaluation page. It follows its model; requests go up as signals."""

    title = "Evaluate"
    specs = (EXPORT,)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.model = EvaluationModel(session.tasks, self)
        turns = Turns(self)
        self.charts = tuple(ChartView(turns=turns) for _ in range(MOST_CHARTS))
        self.blame = BlameModel(session.tasks, self)
        side = round(theme.px(SIDE_PT) * max(1.0, self.devicePixelRatioF()))
        self.thumbnails = Thumbnails(session.tasks, self, side=side)
        self.confusion = ConfusionPanel(BlameBox(self.blame, self.thumbnails))
        self.classes = ClassFiguresTable()
        self.runs = RunsTable()
        self.settings = BestSettingsPanel(session)
        self.actions_by_id = build(self, self.specs, prefix="evaluate", heard_in=[self])
        self._drawn: tuple[object, int] = (None, 0)
        self._lay_out()
        self._connect()
        self.on_updated()

    def begin(self) -> None:
        self.model.begin()

    def on_run(self) -> None:
        self.model.evaluate(self.queries.currentData())

    def on_updated(self) -> None:
        model, found = self.model, self.model.evaluation
        self.run_button.setEnabled(not model.running)
        self.run_button.setText("Evaluating…" if model.running else "Evaluate")
        self.compare_button.setEnabled(not self.settings.model.running)
        self.compare_button.setText("Comparing…" if self.settings.model.running else "Compare settings")
        self.actions_by_id["export"].setEnabled(found is not None)
        self.summary.setText(self._summary())
        self.summary.setToolTip(self.summary.text())
        self._offer_queries()
        self.runs.set_runs(model.runs)
        shown = found is not None or bool(model.runs) or self.settings.in_use
        self._stack.setCurrentWidget(self.tabs if shown else self.empty)
        self._offer_levels()
        if (found, model.level) != self._drawn:
            self._drawn = found, model.level
            self._show()

    def on_memory(self) -> None:
        memory = self._session.memory
        self.thumbnails.set_source(None if memory is None else memory.catalog.thumbnails)
        self.model.set_memory(self._session.whole)
        self.blame.set_memory(self._session.whole)

    def on_changed(self, changes: Changes) -> None:
        self.thumbnails.forget(changes.forgotten)
        self.blame.on_changed(changes)
        self.model.on_changed(changes)

    def compare_settings(self) -> None:
        """Find out which settings are best at the level shown, and show that."""
        self.settings.model.compare(None if self.model.evaluation is None else self.model.level)
        self.tabs.setCurrentWidget(self.settings)

    def show_confusions(self, row: ClassFiguresRow) -> None:
        """Open the matrix at the most frequent mistake made with the images of a class."""
        self.tabs.setCurrentWidget(self.confusion)
        self.confusion.grid.choose(row.mistake or ConfusionCell(row.label, row.label, row.queries))

    def look_for_blame(self) -> None:
        """Find out which exemplars cause the wrong decisions in the chosen cell."""
        if (chosen := self._chosen()) is not None:
            self.blame.look(*chosen)

    def show_exemplars(self) -> None:
        """Show the images of the chosen cell in Curate."""
        if (chosen := self._chosen()) is not None:
            cell, ids = chosen
            self.exemplars_chosen.emit(cell.words, ids)

    def decide_one(self) -> None:
        """Decide the first image of the chosen cell: its neighbours show why."""
        if (chosen := self._chosen()) is not None:
            self.query_chosen.emit(int(chosen[1][0]))

    def _chosen(self) -> tuple[ConfusionCell, I64] | None:
        """The chosen cell and its exemplars; None if there are none."""
        cell = self.confusion.chosen()
        ids = None if cell is None else self.model.ids_of(cell)
        return (cell, ids) if cell is not None and ids is not None and len(ids) else None

    def _show(self) -> None:
        found = self.model.evaluation
        drawings = () if found is None else charts(found, self.model.level)
        columns = 3 if len(drawings) <= 6 else 4
        for n, (plot, chart) in enumerate(zip_longest(self.charts, drawings)):
            plot.set_chart(chart)
            plot.setVisible(chart is not None)
            self._grid.addWidget(plot, n // columns, n % columns)
        self.classes.set_classes(self.model.classes())
        self.confusion.set_confusion(self.model.confusion, self.model.cells())
        self.confusion.allow_blame(self.model.level == 0)

    def _summary(self) -> str:
        found, since = self.model.evaluation, self.model.edits_since
        if found is None:
            return ""
        compared = next((one.words for one in self.model.runs if one.words not in ("", "this one")), "")
        at = f" at {level_in_words(0)}" if len(found.levels) > 1 else ""
        against = f" Compared with the run before: {compared}{at}." if compared else ""
        stale = f" {how_many(since, 'edit')} since." if since else ""
        return headline(found, self.model.level) + against + stale

    def _offer_levels(self) -> None:
        """Offer the full label and the levels above it; nothing to choose where labels have one part."""
        levels = () if self.model.evaluation is None else self.model.evaluation.levels
        self.level.setVisible(len(levels) > 1)
        self.level.blockSignals(True)
        self.level.clear()
        for level in levels:
            self.level.addItem(level_in_words(level).removeprefix("the "), level)
        self.level.setCurrentIndex(max(self.level.findData(self.model.level), 0))
        self.level.blockSignals(False)

    def _offer_queries(self) -> None:
        """Offer all exemplars, or those of a stored run: figures on the same queries can be compared."""
        chosen = self.queries.currentData()
        self.queries.blockSignals(True)
        self.queries.clear()
        self.queries.addItem(ALL, None)
        for kept in self.model.runs:
            run = kept.run
            if run.exemplars is not None:
                when = time.strftime("%d %b %H:%M", time.localtime(run.time))
                self.queries.addItem(f"the {run.queries:,} of run {run.number}, {when}", run)
        at = next((i for i in range(self.queries.count()) if self.queries.itemData(i) == chosen), 0)
        self.queries.setCurrentIndex(at)
        self.queries.blockSignals(False)

    def _connect(self) -> None:
        self.model.updated.connect(self.on_updated)
        self._session.memory_opened.connect(self.on_memory)
        self._session.memory_closed.connect(self.on_memory)
        self._session.changed.connect(self.on_changed)
        self.run_button.clicked.connect(self.on_run)
        self.compare_button.clicked.connect(self.compare_settings)
        self.settings.model.updated.connect(self.on_updated)
        self.level.activated.connect(lambda at: self.model.choose_level(self.level.itemData(at)))
        self.classes.opened.connect(self.show_confusions)
        self.confusion.show_requested.connect(self.show_exemplars)
        self.confusion.decide_requested.connect(self.decide_one)
        self.confusion.grid.chosen_changed.connect(self.blame.clear)
        self.confusion.blame.blame_requested.connect(self.look_for_blame)
        self.confusion.blame.mend_requested.connect(partial(study.mend, self._session))
        self.confusion.blame.opened.connect(self.query_chosen)

    def _lay_out(self) -> None:
        self.summary, self.empty = QLabel(), QLabel(EMPTY)
        self.summary.setProperty("dim", True)
        self.summary.setObjectName("evaluationSummary")
        self.summary.setWordWrap(True)
        self.summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.empty.setProperty("dim", True)
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setMargin(theme.px(40))
        self.run_button = QPushButton("Evaluate")
        self.run_button.setObjectName("evaluateButton")
        self.run_button.setProperty("primary", True)
        self.compare_button = QPushButton()
        self.compare_button.setObjectName("compareSettings")
        self.compare_button.setToolTip("Find the voting rule, k, parameters and class factor that are right most often")
        self.queries = QComboBox()
        self.queries.setAccessibleName("Queries to decide")
        self.queries.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.queries.setMinimumContentsLength(20)
        self.queries.setToolTip("Figures can be compared only between runs over the same queries")
        self.level = QComboBox()
        self.level.setObjectName("evaluationLevel")
        self.level.setAccessibleName("Level of the label tree")
        self.level.setToolTip("Count what is right at the full label, or at the first parts of its path only")
        header = QHBoxLayout()
        header.addWidget(title_of(self.title))
        header.addWidget(self.summary, 1)
        header.addWidget(button_of(self.actions_by_id["export"]))
        header.addWidget(self.level)
        header.addWidget(QLabel("Ask"))
        header.addWidget(self.queries)
        header.addWidget(self.run_button)
        header.addWidget(self.compare_button)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("evaluateTabs")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._curves(), "Curves")
        self.tabs.addTab(self.classes, "Classes")
        self.tabs.addTab(self.confusion, "Confusion")
        self.tabs.addTab(self.runs, "Runs")
        self.tabs.addTab(self.settings, "Settings")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.tabs)
        self._stack.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.addLayout(header)
        column.addWidget(self._stack, 1)

    def _curves(self) -> QWidget:
        place = QWidget()
        self._grid = QGridLayout(place)
        self._grid.setContentsMargins(0, theme.px(4), 0, 0)
        self._grid.setSpacing(theme.px(8))
        return place
