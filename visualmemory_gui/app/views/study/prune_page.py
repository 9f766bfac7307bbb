"""The page of Study that prunes: what each method would strike, what it would gain, and Apply."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.action import Action, Fact, build, show_targets
from visualmemory_gui.app.models.pruning import (
    JUDGES,
    METHODS,
    TIPS,
    TRUST,
    VALUE,
    PrunedModel,
    PruningModel,
    headline,
    held_back,
    promise,
    proposed_pruning,
)
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.operations import study
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.buttons import ActionButton, bind, button_of
from visualmemory_gui.app.views.kit.impact_preview import PreviewBinding
from visualmemory_gui.app.views.kit.titles import title_of
from visualmemory_gui.app.views.study.study_page import StudyPage, dim_label
from visualmemory_gui.app.widgets.panels.impact_line import ImpactLine
from visualmemory_gui.app.widgets.panels.term_help import TermHelp
from visualmemory_gui.app.widgets.tables.image_table import SIDE_PT, ImageTable

ACTIONS: tuple[Action[PrunePage], ...] = (
    Action("look", "Plan again", "Find out what this method would do to the memory as it is now", "magnify",
           lambda page: page.look(), (), ("ready",)),
    Action("ask", "Decide it", "Show this exemplar with its neighbours in Decide", "scale-balance",
           lambda page: page.ask(), ("Return",), ("one",)),
    Action("gather", "Show {} in Curate", "Show these exemplars alone in the grid", "view-grid-outline",
           lambda page: page.gather(), (), ("selection",)),
    Action("apply", "Prune {}", "Apply it as one step that undo reverts", "content-cut",
           lambda page: page.apply(), (), ("found",)),
)  # fmt: skip
FATE_PT = 100.0
APPLY_PT = 120.0


class PrunePage(StudyPage):
    """Lists what a method of pruning would strike out or trust less, what that gains, and applies it as one step."""

    title = "Prune"
    specs = ACTIONS

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = PruningModel(session.tasks, self)
        self.rows = PrunedModel(self.model)
        side = round(theme.px(SIDE_PT) * max(1.0, self.devicePixelRatioF()))
        self.thumbnails = Thumbnails(session.tasks, self, side=side)
        words = "Exemplars that pruning would change"
        self.table = ImageTable(self.rows, self.thumbnails, name="pruneTable", words=words)
        self.table.widen_last(FATE_PT)
        self.actions_by_id = build(self, ACTIONS, prefix="prune", heard_in=[self])
        self._lay_out()
        self._connect()
        self.on_updated()

    def begin(self) -> None:
        self.on_watch_set_changed()
        self._offer_methods()
        if self.model.found is None and not self.model.running and not self.model.refusal:
            self.model.look()

    def look(self) -> None:
        self.model.look()

    def apply(self) -> None:
        if self.model.found is not None:
            study.prune(self._session, self.model.found)

    def ask(self) -> None:
        if len(chosen := self._chosen()) == 1:
            self.query_chosen.emit(chosen[0])

    def gather(self) -> None:
        if chosen := self._chosen():
            self.exemplars_chosen.emit("found by pruning", np.array(sorted(chosen), np.int64))

    def on_memory_changed(self) -> None:
        memory = self._session.memory
        self.thumbnails.set_source(memory.catalog.thumbnails if memory else None)
        self.model.set_memory(self._session.whole)

    def on_chosen(self) -> None:
        """Switch to another method, or another judge."""
        self.model.choose(self.method.currentData(), self.judge.currentData())

    def _offer_methods(self) -> None:
        """Offer the methods that the memory's voting rule allows, and choose one of them."""
        choices = self.method.model()
        assert isinstance(choices, QStandardItemModel)
        for place, (method, _, tip) in enumerate(METHODS):
            refused = self.model.refused(method)
            choices.item(place).setEnabled(not refused)
            choices.item(place).setToolTip(refused or tip)
        if not choices.item(self.method.currentIndex()).isEnabled():
            self.method.setCurrentIndex(next(at for at in range(len(METHODS)) if choices.item(at).isEnabled()))
            self.on_chosen()

    def on_watch_set_changed(self) -> None:
        """Offer the watch set as a judge where there is one."""
        watched = bool(self._session.watch.decisions)
        choices = self.judge.model()
        if isinstance(choices, QStandardItemModel):
            choices.item(1).setEnabled(watched)
            choices.item(1).setToolTip("" if watched else "There is no watch set yet: decide an image and press W")

    def on_updated(self) -> None:
        model, plan = self.model, self.model.found
        self.what.setText(METHODS[self.method.currentIndex()][2] + ".")
        self.headline.setText(headline(plan) if plan else "")
        self.promise.setText(promise(plan) if plan else "")
        self.held.setText(held_back(plan) if plan else "")
        self.held.setVisible(bool(self.held.text()))
        looking = "Finding out what pruning would gain…" if model.running else "There is no plan yet."
        self.waiting.setText(model.refusal or looking)
        self.table.setColumnHidden(VALUE, plan is not None and plan.method != "value")
        self.value_help.setHidden(self.table.isColumnHidden(VALUE))
        self.table.setColumnHidden(TRUST, plan is not None and plan.method != "soft")
        shown = plan is not None and self.rows.rowCount()
        self.stack.setCurrentWidget(self.table if shown else self.waiting if plan is None else self.nothing)
        self.why.setText(model.why_not("nothing to prune" if plan is not None and not plan.pruned else ""))
        self.preview_binding.update()
        self.on_selection_changed()

    def on_selection_changed(self) -> None:
        chosen, plan = len(self._chosen()), self.model.found
        facts: dict[Fact, bool] = {
            "ready": not self.model.running and self._session.memory is not None,
            "found": plan is not None and not self.why.text(),
            "one": chosen == 1,
            "selection": chosen > 0,
        }
        many = f"{len(plan.pruned):,} exemplars" if plan else ""
        targets = {"apply": many, "gather": f"{chosen:,}" if chosen > 1 else "it"}
        show_targets(self.actions_by_id, ACTIONS, facts, targets)

    def _chosen(self) -> list[int]:
        return [self.rows.row(at).id for at in self.table.chosen()]

    def _lay_out(self) -> None:
        title = title_of(self.title)
        self.method, self.judge = QComboBox(), QComboBox()
        self.value_help = TermHelp("value", f"{TIPS[VALUE]}. A negative one costs right answers.")
        self.method.setObjectName("pruneMethod")
        self.method.setAccessibleName("How misleading exemplars are found")
        self.judge.setObjectName("pruneJudge")
        self.judge.setAccessibleName("Whose decisions show what misleads")
        for key, words, _ in METHODS:
            self.method.addItem(words, key)
        self.method.setCurrentIndex(self.method.findData(self.model.method))
        for judge, words in JUDGES:
            self.judge.addItem(words, judge)
        self.what, self.held, self.why = dim_label(), dim_label(), dim_label()
        self.headline, self.promise = QLabel(), QLabel()
        for label in (self.headline, self.promise):
            label.setWordWrap(True)
        self.headline.setProperty("dim", True)
        self.promise.setObjectName("prunePromise")
        self.impact = ImpactLine()
        self.preview_binding = PreviewBinding(self, self._session, self.impact, lambda: proposed_pruning(self.model))
        self.waiting, self.nothing = dim_label(middle=True), dim_label(middle=True)
        self.nothing.setText("No exemplar misleads others that often.")
        self.stack = QStackedWidget()
        for widget in (self.table, self.waiting, self.nothing):
            self.stack.addWidget(widget)
        apply = ActionButton("pruneButton", primary=True)
        apply.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        apply.setFixedWidth(theme.px(APPLY_PT))
        bind(apply, self.actions_by_id["apply"])
        top, below = QHBoxLayout(), QHBoxLayout()
        for part in (title, self.method, self.value_help, dim_label("judged by"), self.judge):
            top.addWidget(part)
        top.addStretch(1)
        top.addWidget(button_of(self.actions_by_id["look"]))
        for action in ("ask", "gather"):
            below.addWidget(button_of(self.actions_by_id[action]))
        below.addWidget(self.why, 1)
        below.addWidget(apply)
        column = QVBoxLayout(self)
        column.addLayout(top)
        for label in (self.what, self.promise, self.headline, self.held):
            column.addWidget(label)
        column.addWidget(self.stack, 1)
        column.addWidget(self.impact)
        column.addLayout(below)

    def _connect(self) -> None:
        session = self._session
        session.memory_opened.connect(self.on_memory_changed)
        session.memory_closed.connect(self.on_memory_changed)
        session.changed.connect(self.model.on_changed)
        session.watch.decisions_changed.connect(self.on_watch_set_changed)
        self.model.updated.connect(self.on_updated)
        self.method.activated.connect(lambda _: self.on_chosen())
        self.judge.activated.connect(lambda _: self.on_chosen())
        self.table.chosen_changed.connect(self.on_selection_changed)
        self.table.opened.connect(lambda exemplar: self.query_chosen.emit(exemplar))
