"""A dialog that asks for one number."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog


class NumberDialog(FittingDialog):
    """Use ``open()``; ``confirmed`` reports the ``number``. ``meaning`` says below it what it does, ``name`` is read by
    screen readers."""

    confirmed = Signal(float)

    def __init__(self, parent: QWidget | None, *, title: str, heading: str, name: str, meaning: str, verb: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        head, said = QLabel(heading), QLabel(meaning)
        head.setTextFormat(Qt.TextFormat.PlainText)
        head.setFont(theme.points(self.font(), 2, bold=True))
        said.setProperty("dim", True)
        said.setMinimumWidth(theme.px(230))
        for label in (head, said):
            label.setWordWrap(True)
        self.number = QDoubleSpinBox()
        self.number.setAccessibleName(name)
        column = QVBoxLayout(self)
        for widget in (head, self.number, said, self.verb_or_cancel(verb)[1]):
            column.addWidget(widget)
        self.number.setFocus()

    def suggest(self, value: float, *, least: float, most: float, step: float = 1.0) -> None:
        """Let numbers from ``least`` to ``most`` be chosen, and start with ``value``, which typing replaces."""
        self.number.setRange(least, most)
        self.number.setSingleStep(step)
        self.number.setValue(value)
        self.number.selectAll()

    def accept(self) -> None:
        self.confirmed.emit(self.number.value())
        super().accept()
