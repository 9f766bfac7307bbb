"""The page of Study that shows how the memory does as it grows: by new classes, or by more of the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QWidget

from visualmemory_gui.app.actions.action import Action, show_targets
from visualmemory_gui.app.models.experiment_charts import scaling_chart
from visualmemory_gui.app.models.experiments import Growing, GrowthFound, added_from, growth_of
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.study.chart_page import EXPORT
from visualmemory_gui.app.views.study.experiment_page import ExperimentPage
from visualmemory_gui.app.widgets.chart.chart_view import ChartView
from visualmemory_gui.app.widgets.tables.findings_table import FindingsTable
from visualmemory_gui.engine.text.visible_text import as_sentence

ACTIONS: tuple[Action[GrowthPage], ...] = (
    Action("measure", "Run", "Run the chosen experiment on the memory as it is; nothing is changed", "play-outline",
           lambda page: page.measure(), (), ("ready",)),
    EXPORT,
    Action("stop", "Cancel", "Stop the experiment", "stop-circle-outline", lambda page: page.stop(), (), ("running",)),
)  # fmt: skip
MEASURE = ACTIONS[0]
MEASURE_NEW = replace(MEASURE, text="Choose a folder…", tip="Add its classes for this experiment; nothing is changed")
ASK_FOLDER = "A folder whose sub-folders are classes that the memory does not have"
KINDS: tuple[tuple[Growing, str, str], ...] = (
    ("classes", "Add classes", "A fifth of the classes is hidden and put back, a few exemplars at a time: how well are "
     "they decided then, and what does it cost the others?"),
    ("new", "New classes", "The classes of a folder, one sub-folder each, are added to the memory, a few images at a "
     "time: how well are they decided then, and what does it cost the others? Nothing is written."),
    ("levels", "Levels", "Classes that have relatives are hidden: which levels above them are right before the first "
     "exemplar, and after a few?"),
    ("scaling", "Scaling", "A fifth of the exemplars is decided by memories that grow from a few in each class to all "
     "the others: how does the error fall?"),
)  # fmt: skip


class GrowthPage(ExperimentPage[GrowthFound]):
    """One of several growth experiments; the answer is a table, and for scaling a plot too."""

    title = "Growth"
    specs = ACTIONS
    question = KINDS[0][2]

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "growth", actions=ACTIONS, show=self.show_found, parent=parent)
        self.plot = ChartView()
        self.charts = (self.plot,)
        self.kind = _kinds()
        self.kind.currentIndexChanged.connect(self.on_kind)
        self.header.insertWidget(self.header.count() - 2, self.kind)
        self.before, self.after, self.table = QLabel(), QLabel(), FindingsTable("growthTable")
        for label in (self.before, self.after):
            label.setWordWrap(True)
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        for part in (self.before, self.table, self.after):
            self.column.addWidget(part)
        self.column.addWidget(self.plot, 100)
        self.column.addStretch(1)
        self.on_updated()

    def on_kind(self, place: int) -> None:
        self.about.setText(KINDS[place][2])
        self.on_updated()

    def measure(self) -> None:
        """Run the chosen experiment in the background; for new classes ask for their folder."""
        kind, text, _ = KINDS[self.kind.currentIndex()]
        if kind == "new":
            self.folder_wanted.emit(ASK_FOLDER, self.add_from)
        else:
            self.model.run(f"{text}: measuring", lambda memory, report: growth_of(memory, kind, report))

    def add_from(self, folder: str) -> None:
        """Run the experiment with the classes of ``folder`` added."""
        self.model.run("New classes: measuring", lambda memory, report: added_from(memory, folder, report))

    def on_updated(self) -> None:
        super().on_updated()
        asks = KINDS[self.kind.currentIndex()][0] == "new"
        show_targets(self.actions_by_id, [MEASURE_NEW if asks else MEASURE], {"ready": self.model.ready})

    def show_found(self, found: GrowthFound | None) -> None:
        self.kind.setEnabled(not self.model.running)
        for part in (self.before, self.after, self.table):
            part.setVisible(found is not None)
        if found is not None:
            self.before.setText(as_sentence(found.table.before))
            self.after.setText("\n".join((*found.table.after, *_left_out(found.known))))
            self.after.setVisible(bool(self.after.text()))
            self.table.set_findings(found.table)
        scaling = found.scaling if found is not None else None
        self.plot.setVisible(scaling is not None)
        self.plot.set_chart(scaling_chart(scaling) if scaling is not None else None)
        self.plot.setAccessibleDescription(self.after.text())


def _left_out(known: Sequence[str]) -> list[str]:
    """A line on classes that are already in the memory."""
    return [f"Left out because the memory already has them: {', '.join(known)}."] if known else []


def _kinds() -> QComboBox:
    box = QComboBox()
    box.setObjectName("growthKind")
    box.setAccessibleName("Experiment")
    box.setToolTip("What is measured")
    for place, (_, text, tip) in enumerate(KINDS):
        box.addItem(text)
        box.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
    return box
