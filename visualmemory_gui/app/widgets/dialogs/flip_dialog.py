"""Shows the exemplars that would be struck to change a decision, and what else that changes; can apply it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog
from visualmemory_gui.app.widgets.panels.impact_line import ImpactLine
from visualmemory_gui.app.widgets.tables.labelled_images import LabelledImages, LabelledRow


class FlipDialog(FittingDialog):
    """Use ``open()``; ``confirmed`` is emitted when the user applies it."""

    confirmed = Signal()
    show_requested = Signal()

    def __init__(self, parent: QWidget | None, *, title: str, note: str, rows: Sequence[LabelledRow]) -> None:
        """``title`` says what would result, ``note`` what else to know."""
        super().__init__(parent)
        self.setObjectName("flipDialog")
        self.setWindowTitle("Change this decision")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading = QLabel(title)
        heading.setWordWrap(True)
        heading.setFont(theme.points(self.font(), 2, bold=True))
        self.list = LabelledImages(rows, name="Exemplars that would be struck out")
        self.list.setObjectName("flipList")
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
