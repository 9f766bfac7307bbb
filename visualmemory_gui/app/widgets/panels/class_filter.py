"""A line that filters a list of classes by a few letters, and beside it the button for a new class."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.class_rows import NEW_CLASS


class ClassFilter(QWidget):
    """Reports the letters, and filters nothing itself. Return takes the first class that has them; Down goes to the
    list."""

    text_changed = Signal(str)
    accepted = Signal()
    left = Signal()  # to the list
    new_class_requested = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = _Line()
        self.line.setObjectName(f"{name}Filter")
        self.line.setAccessibleName("Find a class")
        self.line.setPlaceholderText("Find a class")
        self.line.setClearButtonEnabled(True)
        self.new = QToolButton()
        self.new.setObjectName(f"{name}New")
        self.new.setText(NEW_CLASS)
        self.new.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.line.textChanged.connect(lambda text: self.text_changed.emit(text.strip()))
        self.line.returnPressed.connect(self.accepted)
        self.line.left.connect(self.left)
        self.new.clicked.connect(lambda _checked=False: self.new_class_requested.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(4))
        row.addWidget(self.line, 1)
        row.addWidget(self.new)

    @property
    def text(self) -> str:
        return self.line.text().strip()


class _Line(QLineEdit):
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.left.emit()
        else:
            super().keyPressEvent(event)
