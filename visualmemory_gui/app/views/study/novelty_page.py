"""The page of Study that measures whether the memory can tell what it does not know."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from visualmemory_gui.app.actions.action import Action, Fact, show_targets
from visualmemory_gui.app.models.experiment_charts import novelty_chart
from visualmemory_gui.app.models.experiments import NoveltyFound, hidden_novelty_of, novelty_of
from visualmemory_gui.app.operations.settings import use_settings
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.study.chart_page import EXPORT
from visualmemory_gui.app.views.study.experiment_page import ExperimentPage
from visualmemory_gui.app.widgets.chart.chart_view import ChartView
from visualmemory_gui.app.widgets.panels.term_help import TermHelp
from visualmemory_gui.app.widgets.tables.findings_table import FindingsTable
from visualmemory_gui.engine.experiments.wording import NoveltyRow
from visualmemory_gui.engine.text.visible_text import as_sentence

ASK_FOLDER = "A folder of images of things that the memory does not know"
ACTIONS: tuple[Action[NoveltyPage], ...] = (
    Action("choose", "Choose unknown images…", "Compare the memory's own images, each left out, with those of a "
           "folder that it knows nothing about", "folder-question-outline", lambda page: page.choose(), (), ("ready",)),
    Action("hide", "Hide some classes", "Take a fifth of the memory's own classes for unknown images; nothing is "
           "changed", "eye-off-outline", lambda page: page.hide_classes(), (), ("ready",)),
    Action("use", "Use {}", "Set this test as in the selected row", "check",
           lambda page: page.use(), (), ("one", "writable")),
    EXPORT,
    Action("stop", "Cancel", "Stop measuring", "stop-circle-outline", lambda page: page.stop(), (), ("running",)),
)  # fmt: skip
M = (
    "m is how many of the nearest exemplars the distance of an image is measured to: the mean of so many distances is "
    "compared with what is usual among the memory's own exemplars."
)


class NoveltyPage(ExperimentPage[NoveltyFound]):
    """The novelty page. The answer is sentences, a table of what each test finds and loses, and a histogram."""

    title = "Novelty"
    specs = ACTIONS
    question = (
        "Can the memory tell what it does not know? Choose a folder of images of such things, or hide some of its "
        "classes: they are compared with its own images."
    )

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "novelty", actions=ACTIONS, show=self.show_found, parent=parent)
        self.plot = ChartView()
        self.header.insertWidget(1, TermHelp("m", M))
        self.charts = (self.plot,)
        self.sentences = QLabel()
        self.sentences.setObjectName("noveltySentences")
        self.sentences.setWordWrap(True)
        self.sentences.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.sentences.setAccessibleDescription("How well the memory tells known from unknown images")
        self.table = FindingsTable("noveltyTable")
        self.table.itemSelectionChanged.connect(self.on_selected)
        self._shown: NoveltyFound | None = None
        self.column.addWidget(self.sentences)
        self.column.addWidget(self.table)
        self.column.addWidget(self.plot, 100)
        self.column.addStretch(1)
        self.on_updated()

    def choose(self) -> None:
        self.folder_wanted.emit(ASK_FOLDER, self.measure)

    def measure(self, folder: str) -> None:
        """Compare with the images of ``folder``, in the background."""
        self.model.run("Measuring novelty", lambda memory, report: novelty_of(memory, folder, report))

    def hide_classes(self) -> None:
        """Compare with classes that are hidden from the memory, in the background."""
        self.model.run("Measuring novelty", hidden_novelty_of)

    def use(self) -> None:
        """Set the test of the selected row to its quantile."""
        row = self.chosen
        if row is not None:
            use_settings(self._session, row.settings, f"The test {row.cells[0]} is now at {row.cells[1]}.")

    @property
    def chosen(self) -> NoveltyRow | None:
        """The selected row, if it can be set."""
        place = self.table.selected
        row = self.model.found.rows[place] if self.model.found is not None and place is not None else None
        return row if row is not None and row.settings else None

    @property
    def facts(self) -> dict[Fact, bool]:
        return {**super().facts, "one": self.chosen is not None}

    def on_updated(self) -> None:
        super().on_updated()
        self.on_selected()

    def on_selected(self) -> None:
        """Let the button name what it would set."""
        row, memory = self.chosen, self._session.memory
        target = f"{row.cells[1]} for {row.cells[0]}" if row is not None else "it"
        readonly = memory is not None and memory.readonly
        show_targets(self.actions_by_id, self.specs, self.facts, {"use": target}, readonly=readonly)

    def show_found(self, found: NoveltyFound | None) -> None:
        words = "\n".join(as_sentence(one) for one in found.sentences) if found is not None else ""
        self.sentences.setText(words)
        self.sentences.setVisible(found is not None)
        self.table.setVisible(found is not None)
        if found is not None and found is not self._shown:
            self.table.set_findings(found.table)
        self._shown = found
        self.about.setVisible(found is None)
        self.plot.setVisible(found is not None)
        self.plot.set_chart(novelty_chart(found) if found is not None else None)
        self.plot.setAccessibleDescription(words)
