"""The bar over the grid: find by text, show by state, and how many that are."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QWidget

from visualmemory_gui.app import theme

STATES = (("all", "Active and struck"), ("active", "Active"), ("struck", "Struck"))
PAUSE_MS = 150


class FilterBar(QWidget):
    text_changed = Signal(str)  # after a short pause in typing
    state_changed = Signal(str)  # "all", "active" or "struck"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit = QLineEdit()
        self._edit.setObjectName("filterEdit")
        self._edit.setAccessibleName("Find in class, path or note")
        self._edit.setPlaceholderText("Find in class, path or note")
        self._edit.setClearButtonEnabled(True)
        self._states = QComboBox()
        self._states.setAccessibleName("Which exemplars")
        for key, text in STATES:
            self._states.addItem(text, key)
        self._count = QLabel()
        self._count.setObjectName("filterCount")
        self._count.setProperty("dim", True)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._tell)
        self._edit.textChanged.connect(lambda _: self._pause.start())
        self._edit.returnPressed.connect(self._tell)
        self._states.currentIndexChanged.connect(lambda at: self.state_changed.emit(STATES[at][0]))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(5))
        row.addWidget(self._edit, 1)
        row.addWidget(self._states)
        row.addWidget(self._count)

    @property
    def state(self) -> str:
        return str(self._states.currentData())

    def set_state(self, state: str) -> None:
        self._states.setCurrentIndex([key for key, _ in STATES].index(state))

    def set_count(self, text: str) -> None:
        """ "47 of 412"."""
        self._count.setText(text)
        self._edit.setAccessibleDescription(f"{text} exemplars are shown")

    def clear(self) -> None:
        self._edit.clear()
        self.set_state("all")
        self._tell()

    def start_typing(self) -> None:
        self._edit.setFocus()
        self._edit.selectAll()

    def _tell(self) -> None:
        self._pause.stop()
        self.text_changed.emit(self._edit.text().strip())
