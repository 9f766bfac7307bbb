"""What the experiment pages of Study have in common: a start, a stop, and a line that shows the state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Self, TypeVar

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.action import Action, Fact, build, show_targets
from visualmemory_gui.app.models.experiment import ExperimentModel
from visualmemory_gui.app.models.experiments import GrowthFound, NoveltyFound
from visualmemory_gui.app.operations import skipped_files
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.buttons import button_of, primary_of
from visualmemory_gui.app.views.kit.titles import title_of
from visualmemory_gui.app.views.study.chart_page import ChartPage
from visualmemory_gui.app.views.study.study_page import explain
from visualmemory_gui.engine.types import Skipped

Found = TypeVar("Found", bound=NoveltyFound | GrowthFound)


class ExperimentPage(ChartPage, Generic[Found]):
    """The first of ``actions`` starts; ``EXPORT`` and "stop" are among the others. A page fills ``column``, where
    ``show`` puts what was found, None where there is nothing. A button lists the files of a folder that could not be
    read."""

    question: str  # the question that the page answers, shown until there is an answer

    def __init__(
        self,
        session: Session,
        topic: str,
        *,
        actions: Sequence[Action[Self]],
        show: Callable[[Found | None], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(session, parent)
        self.model: ExperimentModel[Found] = ExperimentModel(session.tasks, topic, self)
        self._show_found = show
        self.actions_by_id = build(self, actions, prefix=topic, heard_in=[self])
        self.state, self.about = QLabel(), QLabel(self.question)
        self.answer = title_of("")
        self.answer.setObjectName(f"{topic}Answer")
        self.answer.setWordWrap(True)
        for label in (self.state, self.about):
            label.setProperty("dim", True)
            label.setWordWrap(True)
        self.state.setAccessibleDescription("How far the experiment is")
        self.unread = QPushButton()
        self.unread.setObjectName(f"{topic}Unread")
        self.unread.setToolTip("List them with the reasons")
        self.unread.clicked.connect(self.list_unread)
        start, *others = (self.actions_by_id[spec.id] for spec in actions)
        self.header = QHBoxLayout()
        self.header.addWidget(title_of(self.title))
        self.header.addWidget(self.state, 1)
        for button in (self.unread, *map(button_of, others), primary_of(start)):
            self.header.addWidget(button)
        self.column = QVBoxLayout(self)
        self.column.addLayout(self.header)
        self.column.addWidget(self.about)
        self.column.addWidget(self.answer)
        self.column.setSpacing(theme.px(6))
        self.model.updated.connect(self.on_updated)
        session.memory_opened.connect(lambda: self.model.set_memory(session.whole))
        session.memory_closed.connect(lambda: self.model.set_memory(None))
        session.changed.connect(self.model.on_changed)

    def stop(self) -> None:
        self.model.cancel()

    def on_updated(self) -> None:
        self.state.setText(self.model.state)
        explain(self.column, self.about, alone=self.model.found is None)
        self.answer.setText("" if self.model.found is None else self.model.found.table.answer)
        self.answer.setVisible(self.model.found is not None)
        self.unread.setVisible(bool(self._skipped))
        self.unread.setText(f"{skipped_files.words(self._skipped)}…")
        self._show_found(self.model.found)
        show_targets(self.actions_by_id, self.specs, self.facts)

    @property
    def facts(self) -> dict[Fact, bool]:
        """What the page's actions need."""
        return {"ready": self.model.ready, "running": self.model.running, "drawn": self.has_charts}

    def list_unread(self) -> None:
        skipped_files.ask(self._session, self._skipped)

    @property
    def _skipped(self) -> tuple[Skipped, ...]:
        return self.model.found.skipped if self.model.found is not None else ()
