"""The page of Study that measures whether the memory can tell what it does not know."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from visualmemory_gui.app.actions.action import Action
from visualmemory_gui.app.models.experiment_charts import novelty_chart
from visualmemory_gui.app.models.experiments import NoveltyFound, novelty_of
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.study.chart_page import EXPORT
from visualmemory_gui.app.views.study.experiment_page import ExperimentPage
from visualmemory_gui.app.widgets.chart.chart_view import ChartView

ASK_FOLDER = "A folder of images of things that the memory does not know"
ACTIONS: tuple[Action[NoveltyPage], ...] = (
    Action("choose", "Choose unknown images…", "Compare the memory's own images, each left out, with those of a "
           "folder that it knows nothing about", "folder-question-outline", lambda page: page.choose(), (), ("ready",)),
    EXPORT,
    Action("stop", "Cancel", "Stop measuring", "stop-circle-outline", lambda page: page.stop(), (), ("running",)),
)  # fmt: skip


class NoveltyPage(ExperimentPage[NoveltyFound]):
    """The novelty page. It asks for a folder; the answer is sentences above a histogram."""

    title = "Novelty"
    specs = ACTIONS
    question = (
        "Can the memory tell what it does not know? Choose a folder of images of such things: their "
        "distances are compared with those of its own images."
    )

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "novelty", actions=ACTIONS, show=self.show_found, parent=parent)
        self.plot = ChartView()
        self.charts = (self.plot,)
        self.sentences = QLabel()
        self.sentences.setObjectName("noveltySentences")
        self.sentences.setWordWrap(True)
        self.sentences.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.sentences.setAccessibleDescription("How well the memory tells known from unknown images")
        self.column.addWidget(self.sentences)
        self.column.addWidget(self.plot, 100)
        self.column.addStretch(1)
        self.on_updated()

    def choose(self) -> None:
        self.folder_wanted.emit(ASK_FOLDER, self.measure)

    def measure(self, folder: str) -> None:
        """Compare with the images of ``folder``, in the background."""
        self.model.run("Measuring novelty", lambda memory, report: novelty_of(memory, folder, report))

    def show_found(self, found: NoveltyFound | None) -> None:
        words = "\n".join(_sentence(one) for one in found.sentences) if found is not None else ""
        self.sentences.setText(words)
        self.sentences.setVisible(found is not None)
        self.about.setVisible(found is None)
        self.plot.setVisible(found is not None)
        self.plot.set_chart(novelty_chart(found) if found is not None else None)
        self.plot.setAccessibleDescription(words)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
