"""The line at the bottom: encoder, memory, index, what is saved, and the running task."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.memory_state import MemoryStateModel
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.task_bar import TaskBar

LOUD = ("read only", "not saved")


class StatusBar(QStatusBar):
    def __init__(self, session: Session, state: MemoryStateModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.setSizeGripEnabled(False)
        self.encoder = self._label("statusEncoder", "Encoder")
        self.memory = self._label("statusMemory", "Memory")
        self.index = self._label("statusIndex", "Index")
        self.saved = self._label("statusSaved", "Saved")
        self.task_bar = TaskBar(session.tasks)
        self.addPermanentWidget(self.task_bar)
        self.setMinimumHeight(self.task_bar.sizeHint().height() + theme.px(4))  # nothing moves when a task comes
        session.encoder_changed.connect(self.encoder.setText)
        session.saving_changed.connect(self.on_saving_changed)
        session.memory_closed.connect(self.saved.clear)
        state.updated.connect(self.on_updated)

    def on_saving_changed(self, text: str) -> None:
        """What must not be overlooked stands out."""
        self.saved.setText(text)
        self.saved.setFont(theme.points(self.font(), bold=text in LOUD))

    def on_updated(self) -> None:
        state = self._state.state
        self.memory.setText(state.memory if state else "")
        self.index.setText(state.index if state else "")

    def _label(self, name: str, meaning: str) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        label.setProperty("dim", True)
        label.setContentsMargins(theme.px(5), 0, theme.px(5), 0)
        label.setAccessibleDescription(meaning)
        self.addWidget(label)
        return label
