"""A page of Study with charts that can be saved: each as SVG, all their points as CSV."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from visualmemory_gui.app.actions.action import Action
from visualmemory_gui.app.models.chart import table
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.study.study_page import StudyPage
from visualmemory_gui.app.widgets.chart.chart_view import ChartView
from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.exchange.atomic_output import saved_file

EXPORT: Action[ChartPage] = Action(
    "export",
    "Save the charts…",
    "Write every chart as SVG, and all their points as CSV, to a folder",
    "tray-arrow-down",
    lambda page: page.export(),
    (),
    ("drawn",),
)


class ChartPage(StudyPage):
    """A page with charts. ``charts`` are all that it can show; ``specs`` must include ``EXPORT``."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.charts: tuple[ChartView, ...] = ()

    def export(self) -> None:
        """Ask for a folder and write the charts there."""
        self.folder_wanted.emit("A folder for the charts", self.save_charts)

    def save_charts(self, folder: str) -> None:
        shown = [(view, view.chart) for view in self.charts if view.chart is not None]
        place = Path(folder)
        try:
            for view, chart in shown:
                view.save_svg(place / f"{chart.name}.svg")
            with saved_file(place / f"{self.title.lower()}.csv") as file:
                file.write(table([chart for _, chart in shown]).encode())
        except StorageError as error:
            self._session.raise_error(error)
            return
        count = f"{len(shown)} charts and their points are" if len(shown) > 1 else "The chart and its points are"
        self._session.post_note(f"{count} in {folder}.")

    @property
    def has_charts(self) -> bool:
        return any(view.chart is not None for view in self.charts)
