"""A line that filters a list of classes by a few letters, and beside it the button for a new class."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QToolButton, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.class_rows import NEW_CLASS

LEAST_PT, WIDE_PT = 18.0, 140.0  # of the button; of all, from which on the button has its words


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
        self.new.setAccessibleName(NEW_CLASS)
        self.new.setToolTip("Make a new class")
        self.new.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.new.setMinimumWidth(theme.px(LEAST_PT))
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

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the room to the line where there is too little for both."""
        super().resizeEvent(event)
        self.new.setText(NEW_CLASS if self.width() >= theme.px(WIDE_PT) else NEW_CLASS[0])

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
