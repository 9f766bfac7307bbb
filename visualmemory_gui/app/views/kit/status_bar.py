"""The status bar: encoder, memory, index, fallbacks to the CPU, whether all is saved, the task, and the bell."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStatusBar, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.memory_state import MemoryStateModel
from visualmemory_gui.app.session import SAVING, Session
from visualmemory_gui.app.views.kit.elided_label import ShrinkingLabel
from visualmemory_gui.app.views.kit.task_bar import TaskBar
from visualmemory_gui.app.widgets.panels.term_help import TermHelp

LOUD = ("read only", "not saved")
FELT_MS = 50  # an edit that takes less is not felt, and the word for it would only flicker
BEHIND = (
    "Every edit is on disk. The index that speeds up search is saved now and then; it is so many edits older than the "
    "memory, and the next opening adds them to it."
)


class StatusBar(QStatusBar):
    """The status bar of the window."""

    def __init__(self, session: Session, state: MemoryStateModel, *, bell: QWidget) -> None:
        super().__init__()
        self._state = state
        self.setSizeGripEnabled(False)
        self.encoder = self._label("statusEncoder", "Encoder")
        self.memory = self._label("statusMemory", "Memory")
        self.index = self._label("statusIndex", "Index")
        self.index_help = TermHelp("edits behind")
        self.addWidget(self.index_help)
        self.device = self._label("statusDevice", "What the graphics card cannot do")
        self.saved = self._label("statusSaved", "Saved")
        self.server = self._label("statusServer", "Server")
        self.task_bar = TaskBar(session.tasks)
        self.addPermanentWidget(self.task_bar, 1)
        self.addPermanentWidget(bell)  # here it is in sight in a narrow window too
        self.setMinimumHeight(self.task_bar.sizeHint().height() + theme.px(4))  # nothing moves when a task appears
        self._slow = QTimer(self, singleShot=True, interval=FELT_MS)
        self._slow.timeout.connect(lambda: self._show_saving(SAVING))
        self.server.setFont(theme.points(self.font(), bold=True))
        self.device.setFont(theme.points(self.font(), bold=True))
        session.encoder_changed.connect(self.encoder.set_full_text)
        session.saving_changed.connect(self.on_saving_changed)
        session.memory_closed.connect(lambda: self.saved.set_full_text(""))
        state.updated.connect(self.on_updated)

    def on_saving_changed(self, text: str) -> None:
        """Show the state, that an edit is being saved only where that takes a while."""
        if text == SAVING:
            if not self._slow.isActive():  # one edit after the other is felt as one long one
                self._slow.start()
            return
        self._slow.stop()
        if text != self.saved.full_text:
            self._show_saving(text)

    def _show_saving(self, text: str) -> None:
        """Highlight what must not be overlooked."""
        self.saved.setFont(theme.points(self.font(), bold=text in LOUD))
        self.saved.set_full_text(text)

    def on_updated(self) -> None:
        state = self._state.state
        self.memory.set_full_text(state.memory if state else "")
        self.index.set_full_text(state.index if state else "")
        self.index_help.explain(BEHIND if state and state.index.endswith(" behind") else "")
        self.device.set_full_text(" · ".join(state.fallbacks) if state else "")

    def _label(self, name: str, meaning: str) -> ShrinkingLabel:
        label = ShrinkingLabel()
        label.setObjectName(name)
        label.setProperty("dim", True)
        label.setAccessibleDescription(meaning)
        self.addWidget(label)
        return label
