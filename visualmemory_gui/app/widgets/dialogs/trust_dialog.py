"""Asks for the trust of exemplars: how much their votes count."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog

LEAST, MOST = 0.01, 100.0
MEANING = (
    "Their votes are multiplied by it: 1 counts like any other, 0.5 half, 2 twice. To take away their vote, "
    "strike them out."
)


class TrustDialog(FittingDialog):
    """Use ``open()``; ``confirmed`` reports the trust. ``what`` names the exemplars: "3 exemplars"."""

    confirmed = Signal(float)

    def __init__(self, parent: QWidget | None, *, what: str, now: float) -> None:
        super().__init__(parent)
        self.setObjectName("trustDialog")
        self.setWindowTitle("Set trust")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading = QLabel(f"Trust of {what}")
        heading.setFont(theme.points(self.font(), 2, bold=True))
        self.trust = QDoubleSpinBox()
        self.trust.setAccessibleName("Trust")
        self.trust.setRange(LEAST, MOST)
        self.trust.setSingleStep(0.1)
        self.trust.setValue(now)
        self.trust.selectAll()
        meaning = QLabel(MEANING)
        meaning.setWordWrap(True)
        meaning.setProperty("dim", True)
        meaning.setMinimumWidth(theme.px(230))
        column = QVBoxLayout(self)
        for widget in (heading, self.trust, meaning, self.verb_or_cancel("Set trust")[1]):
            column.addWidget(widget)
        self.trust.setFocus()

    def accept(self) -> None:
        self.confirmed.emit(self.trust.value())
        super().accept()
