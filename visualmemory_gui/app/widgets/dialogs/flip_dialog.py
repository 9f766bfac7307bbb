"""Shows the exemplars that would be struck to change a decision, and what else that changes; can apply it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog
from visualmemory_gui.app.widgets.panels.impact_line import ImpactLine
from visualmemory_gui.app.widgets.tables.label_delegate import LabelDelegate, set_words
from visualmemory_gui.engine.decision.short_labels import ShortLabels


@dataclass(frozen=True, slots=True)
class StrikeRow:
    """An exemplar that would be struck: its label, and details in words."""

    label: str
    detail: str
    image: QImage


class FlipDialog(FittingDialog):
    """Use ``open()``; ``confirmed`` is emitted when the user applies it."""

    confirmed = Signal()
    show_requested = Signal()

    def __init__(self, parent: QWidget | None, *, title: str, note: str, rows: Sequence[StrikeRow]) -> None:
        """``title`` says what would result, ``note`` what else to know."""
        super().__init__(parent)
        self.setObjectName("flipDialog")
        self.setWindowTitle("Change this decision")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading = QLabel(title)
        heading.setWordWrap(True)
        heading.setFont(theme.points(self.font(), 2, bold=True))
        self.list = _list(rows)
        beside = QLabel(note)
        beside.setWordWrap(True)
        beside.setVisible(bool(note))
        self.impact = ImpactLine()
        self.impact.say("Previewing…", shows=False)
        self.impact.show_requested.connect(self.show_requested)
        self.apply, buttons = self.verb_or_cancel(f"Strike out {len(rows):,}", careful=True)
        column = QVBoxLayout(self)
        for widget in (heading, self.list, beside, self.impact, buttons):
            column.addWidget(widget)
        self.resize(theme.px(420), theme.px(330))

    def set_impact(self, text: str, *, shows: bool = False) -> None:
        self.impact.say(text, shows=shows)

    def accept(self) -> None:
        self.confirmed.emit()
        super().accept()


def _list(rows: Sequence[StrikeRow]) -> QListWidget:
    cards = QListWidget()
    cards.setObjectName("flipList")
    cards.setAccessibleName("Exemplars that would be struck out")
    cards.setViewMode(QListView.ViewMode.IconMode)
    cards.setResizeMode(QListView.ResizeMode.Adjust)
    cards.setMovement(QListView.Movement.Static)
    cards.setWordWrap(True)
    names = ShortLabels(row.label for row in rows)
    cards.setItemDelegate(LabelDelegate(cards, lambda: names))
    side = theme.px(72)
    cards.setIconSize(QSize(side, side))
    cards.setGridSize(QSize(theme.px(96), side + 3 * cards.fontMetrics().height() + theme.px(8)))
    for row in rows:
        item = QListWidgetItem(QIcon(QPixmap.fromImage(row.image)), "")
        set_words(item, ("", row.label, f"\n{row.detail}"))
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{row.label}, {row.detail}")
        item.setToolTip(f"{row.label}, {row.detail}")
        cards.addItem(item)
    return cards
