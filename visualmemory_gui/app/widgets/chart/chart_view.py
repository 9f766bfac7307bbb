"""A chart in the window's colours. pyqtgraph is imported when the first one is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QObject, QRectF, QSize, QTimer
from PySide6.QtGui import QColor, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.chart import Chart
from visualmemory_gui.engine.exchange.atomic_output import saved_file

if TYPE_CHECKING:
    from pyqtgraph import PlotWidget

PAUSE_MS = 15  # for painting the previous one, and for the user


class Turns(QObject):
    """Draws charts one after another, with pauses: many at once would freeze the window."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[ChartView] = []
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self.on_turn)

    def ask(self, view: ChartView) -> None:
        if view not in self._waiting:
            self._waiting.append(view)
        if not self._timer.isActive():
            self._timer.start()

    def on_turn(self) -> None:
        self._waiting.pop(0).draw()
        if self._waiting:
            self._timer.start()


class ChartView(QWidget):
    """Shows one ``Chart`` at a time, under its answer and its title. Charts that share ``turns`` are drawn one after
    another."""

    def __init__(self, parent: QWidget | None = None, *, turns: Turns | None = None) -> None:
        super().__init__(parent)
        self.chart: Chart | None = None
        self._turns = turns or Turns(self)
        self._view: PlotWidget | None = None
        self.drawn = True  # whether the chart that is set is drawn, in the theme's colours
        self._answer, self._title = QLabel(), QLabel()
        self._answer.setProperty("title", True)
        self._title.setProperty("dim", True)
        for label in (self._answer, self._title):
            label.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.px(2))
        self._column.addWidget(self._answer)
        self._column.addWidget(self._title)
        theme.notifier.changed.connect(self.on_theme_changed)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(110), theme.px(100))

    def sizeHint(self) -> QSize:
        """The same size before and after drawing, so that nothing around it moves."""
        return QSize(theme.px(220), theme.px(180))

    def set_chart(self, chart: Chart | None) -> None:
        """Show ``chart``, or nothing if None. It is drawn soon."""
        if chart == self.chart:
            return
        self.chart = chart
        title, answer = ("", "") if chart is None else (chart.title, chart.answer)
        self._title.setText(title)
        self._answer.setText(answer)
        self._answer.setVisible(bool(answer))
        self.setAccessibleName(title)
        self.setAccessibleDescription(answer)
        self._draw_soon()

    def draw(self) -> None:
        """Draw the chart that is set, in the theme's colours."""
        self.drawn = True
        if self.chart is None and self._view is None:
            return
        from visualmemory_gui.app.widgets.chart import chart_drawing  # late: it imports pyqtgraph, 0.3 s

        if self._view is None:
            self._view = chart_drawing.plot()
            self._view.setMinimumHeight(theme.px(80))
            self._column.addWidget(self._view, 1)
        if self.chart is None:
            self._view.clear()
        else:
            chart_drawing.draw(self._view, self.chart, font=self.font())

    def on_theme_changed(self) -> None:
        if self.chart is not None:
            self._draw_soon()

    def _draw_soon(self) -> None:
        self.drawn = False
        self._turns.ask(self)

    def save_svg(self, path: str | Path) -> None:
        """Write the chart that is shown as SVG. Raises StorageError."""
        if self.chart is None:
            return
        if not self.drawn:
            self.draw()
        view = self._view
        assert view is not None  # a drawn chart has one
        drawing = QBuffer()
        generator = QSvgGenerator()
        generator.setOutputDevice(drawing)
        size = view.size()
        generator.setSize(size)
        generator.setResolution(view.logicalDpiX())  # otherwise axes and lines are scaled differently
        generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
        generator.setTitle(self.chart.title)
        painter = QPainter(generator)
        room = QRectF(0, 0, size.width(), size.height())
        painter.fillRect(room, QColor(theme.current().surface))
        items = [item for item in view.scene().items() if hasattr(item, "setExportMode")]
        for item in items:  # symbols as shapes instead of pixels
            item.setExportMode(True, {"antialias": True, "resolutionScale": 1.0, "painter": painter})
        view.render(painter, room)
        for item in items:
            item.setExportMode(False)
        painter.end()
        with saved_file(Path(path)) as file:
            file.write(drawing.data().data())
