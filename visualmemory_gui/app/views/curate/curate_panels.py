"""The parts of Curate side by side: classes and exemplars."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.class_tree import ClassTreeModel
from visualmemory_gui.app.models.window_settings import SIDES
from visualmemory_gui.app.views.kit.buttons import button_of
from visualmemory_gui.app.widgets.grid.memory_grid import MemoryGrid
from visualmemory_gui.app.widgets.panels.class_filter import ClassFilter
from visualmemory_gui.app.widgets.panels.filter_bar import FilterBar
from visualmemory_gui.app.widgets.panels.impact_line import ImpactLine
from visualmemory_gui.app.widgets.tables.class_tree import ClassTree


class Panel(QFrame):
    """A framed column of widgets under a title; the one that scrolls takes the spare room."""

    def __init__(self, title: str, widgets: Sequence[QWidget]) -> None:
        super().__init__()
        self.setProperty("panel", True)
        column = QVBoxLayout(self)
        margin = theme.px(6)
        column.setContentsMargins(margin, margin, margin, margin)
        if title:
            heading = QLabel(title)
            heading.setProperty("title", True)
            column.addWidget(heading)
        for widget in widgets:
            column.addWidget(widget, 1 if isinstance(widget, QAbstractScrollArea) else 0)


class ClassesPanel(Panel):
    """The class tree; while the struck exemplars are shown, also buttons for all of them."""

    restore_all_requested = Signal()
    forget_all_requested = Signal()

    def __init__(self, model: ClassTreeModel) -> None:
        self.tree = ClassTree(model)
        self.restore_all, self.forget_all = QPushButton(), QPushButton()
        self._row, row = row_of()
        row.addWidget(self.restore_all)
        row.addStretch(1)
        row.addWidget(self.forget_all)
        self.filter = ClassFilter("tree")
        self.filter.text_changed.connect(self.tree.set_filter)
        self.filter.accepted.connect(self.tree.choose_first)
        self.filter.left.connect(self.tree.setFocus)
        super().__init__("Classes", [self.filter, self.tree, self._row])
        self.restore_all.clicked.connect(self.restore_all_requested)
        self.forget_all.clicked.connect(self.forget_all_requested)
        self.tree.place_chosen.connect(self._show_row)
        self.set_struck(0)

    def set_struck(self, count: int) -> None:
        self._count = count
        self.restore_all.setText(f"Restore {count:,}")
        self.forget_all.setText(f"Forget all {count:,}…")
        self._show_row()

    def _show_row(self) -> None:
        self._row.setVisible(self.tree.place[0] == "struck" and self._count > 0)


class ExemplarsPanel(Panel):
    """Filter, grid, buttons for the selection, and the slider for the size of the images."""

    side_chosen = Signal(float)  # points, one of SIDES

    def __init__(self, grid: MemoryGrid) -> None:
        self.filter = FilterBar()
        self._selected = QLabel()
        self._selected.setProperty("dim", True)
        self._size = _size_slider()
        self._size.valueChanged.connect(lambda at: self.side_chosen.emit(SIDES[at][0]))
        bar, self._row = row_of()
        self._row.addWidget(self._size)
        self._row.addWidget(self._selected, 1)
        grid.setFrameShape(QFrame.Shape.NoFrame)
        self.impact = ImpactLine()
        super().__init__("", [self.filter, bar, grid, self.impact])

    def set_actions(self, actions: Sequence[QAction]) -> None:
        """Buttons for what can be done with the selection."""
        for action in actions:
            button = button_of(action)
            button.setMinimumWidth(theme.px(50))  # its text is cut in a narrow window
            self._row.addWidget(button)

    def set_side(self, side_pt: float) -> None:
        """Show the size of the images."""
        with QSignalBlocker(self._size):
            self._size.setValue([side for side, _ in SIDES].index(side_pt))
        name = SIDES[self._size.value()][1]
        self._size.setToolTip(f"{name} images (Ctrl++, Ctrl+-, or Ctrl and the wheel)")
        self._size.setAccessibleDescription(name)

    def larger(self, steps: int) -> None:
        """Make the images larger by so many steps, or smaller if that is negative."""
        self._size.setValue(self._size.value() + steps)

    def set_selected(self, count: int) -> None:
        self._selected.setText(f"{count:,} selected" if count else "")


def _size_slider() -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setObjectName("gridSize")
    slider.setAccessibleName("Size of the images")
    slider.setRange(0, len(SIDES) - 1)
    slider.setPageStep(1)
    slider.setFixedWidth(theme.px(60))
    return slider


def row_of() -> tuple[QWidget, QHBoxLayout]:
    """An empty row without margins."""
    widget = QWidget()
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    return widget, row
