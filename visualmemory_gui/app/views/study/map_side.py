"""What is beside the map: the legend, and the list of the exemplars with the same selection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.exemplars import NONE, Ids
from visualmemory_gui.app.models.literal_text import literal
from visualmemory_gui.app.models.map import MapImage
from visualmemory_gui.app.models.map_classes import OTHERS, MapClasses
from visualmemory_gui.app.widgets.cards.label_chip import shortened
from visualmemory_gui.app.widgets.grid.memory_grid import MemoryGrid
from visualmemory_gui.app.widgets.map.signs import ICON_PT, Sign, icon_of
from visualmemory_gui.engine.decision.short_labels import short_labels
from visualmemory_gui.engine.text.visible_text import how_many

WIDTH_PT = 190.0
SIGNS: tuple[tuple[Sign, str], ...] = (
    ("selected", "selected"),
    ("placed", "placed since the layout"),
    ("struck", "struck out"),
    ("query", "query"),
    ("neighbour", "its neighbours"),
)


class MapLegend(QWidget):
    """The colours of the classes and the signs in use. A class selects its exemplars when it is clicked."""

    class_chosen = Signal(int)  # an index into the names; len(names) for all others

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mapLegend")
        self.setAccessibleName("Colours of the map")
        self._buttons: list[QToolButton] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._signs = QVBoxLayout()
        self._signs.setSpacing(0)
        self._column.addLayout(self._signs)

    def show_classes(self, classes: MapClasses, signs: Sequence[Sign]) -> None:
        """Show these classes in their colours, and those of SIGNS that are in use."""
        colours = [*(theme.chip_colour(slot) for slot in classes.slots), theme.chip_colour(None)]
        rows = [row for row in zip((*classes.names, OTHERS), colours, classes.counts, strict=True) if row[2]]
        while len(self._buttons) > len(rows):
            self._buttons.pop().deleteLater()
        while len(self._buttons) < len(rows):
            self._buttons.append(self._button(len(self._buttons)))
        names = short_labels(frozenset(classes.names))
        for at, (button, (name, colour, count)) in enumerate(zip(self._buttons, rows, strict=True)):
            button.setIcon(icon_of("dot", colour, self.devicePixelRatioF()))
            room = theme.px(WIDTH_PT - 60)
            button.setText(literal(f"{shortened(button.fontMetrics(), name, room, names)}  {count:,}"))
            button.setToolTip(f"{name}: select {how_many(count)}")
            button.setAccessibleName(f"{name}, {how_many(count)}: select")
            button.setProperty("group", at if name != OTHERS else len(classes.names))
        self._show_signs(signs)

    def names(self) -> list[str]:
        """The texts of the classes shown."""
        return [button.text() for button in self._buttons]

    def _button(self, at: int) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setIconSize(QSize(theme.px(ICON_PT), theme.px(ICON_PT)))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self.class_chosen.emit(int(button.property("group"))))
        self._column.insertWidget(at, button)
        return button

    def _show_signs(self, signs: Sequence[Sign]) -> None:
        while (item := self._signs.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        high = max((button.sizeHint().height() for button in self._buttons), default=0)
        for sign, words in SIGNS:
            if sign in signs:
                row = _sign_row(sign, words, self.devicePixelRatioF())
                row.setMinimumHeight(high)
                self._signs.addWidget(row)


def _sign_row(sign: Sign, words: str, ratio: float) -> QWidget:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(theme.px(3), 0, 0, 0)
    icon, text = QLabel(), QLabel(words)
    side = theme.px(ICON_PT)
    icon.setPixmap(icon_of(sign, QColor(theme.current().grey_chip), ratio).pixmap(side, side))
    text.setProperty("dim", True)
    line.addWidget(icon)
    line.addWidget(text, 1)
    return row


class MapList(QWidget):
    """The list: all exemplars of the map, or those that were last outlined on it."""

    def __init__(self, grid: MemoryGrid, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = grid
        self._image: MapImage | None = None
        self._outlined: Ids | None = None
        self.title = QLabel()
        self.title.setProperty("title", True)
        self.everything = QPushButton("List all")
        self.everything.setObjectName("mapListAll")
        self.everything.setToolTip("List all exemplars of the map again; the selection stays")
        self.everything.clicked.connect(lambda: self.show_only(None))
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.everything)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(grid, 1)
        policy = self.everything.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.everything.setSizePolicy(policy)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_image(self, image: MapImage | None) -> None:
        """List the exemplars of ``image``."""
        self._image = image
        if image is None:
            self._outlined = None
        else:
            self.grid.set_names(short_labels(frozenset(image.labels)))
        self._show()

    def show_only(self, ids: Ids | None) -> None:
        """List ``ids`` (n,) alone; None or none: all."""
        self._outlined = ids if ids is not None and len(ids) else None
        self._show()

    def show_selected(self, ids: Ids) -> None:
        """Select ``ids`` here, and list all again where some are not listed."""
        if self._outlined is not None and not np.isin(ids, self._outlined).all():
            self.show_only(None)
        self.grid.select(ids)

    def _show(self) -> None:
        every = self._image.ids if self._image is not None else NONE
        ids = every if self._outlined is None else every[np.isin(every, self._outlined)]
        self.grid.set_ids(ids)
        words = "listed" if self._outlined is None else "outlined"
        self.title.setText(f"{how_many(len(ids))} {words}")
        self.everything.setVisible(self._outlined is not None)
