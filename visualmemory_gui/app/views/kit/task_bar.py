"""The running task: what it does, its progress, and Cancel."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.runtime.tasks import Task, Tasks
from visualmemory_gui.app.views.kit.elided_label import ShrinkingLabel
from visualmemory_gui.app.widgets.panels.task_progress import count_text, show_progress, task_text, title_text

SHOW_AFTER_S = 0.5
LOOK_EVERY_MS = 150


class TaskBar(QWidget):
    """Shows the longest-running task once it has taken half a second. It takes room only while it shows one."""

    def __init__(self, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("taskBar")
        self.setAccessibleName("Running task")
        self._tasks = tasks
        self._shown: Task | None = None
        self._text = ShrinkingLabel()
        self._count = QLabel()
        self._progress = QProgressBar()
        self._progress.setFixedWidth(theme.px(90))
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName("Progress")
        self._progress.setMaximumHeight(theme.px(8))
        self._cancel = QPushButton("Cancel")
        self._cancel.setObjectName("taskCancel")
        self._cancel.clicked.connect(self.on_cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        for part in (self._text, self._count, self._progress, self._cancel):
            row.addWidget(part)
        self._timer = QTimer(self, interval=LOOK_EVERY_MS)
        self._timer.timeout.connect(self.on_time)
        tasks.started.connect(self.on_started)
        tasks.progressed.connect(self.on_progressed)
        tasks.idle.connect(self.on_time)
        self.hide()

    def on_started(self, task: Task) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def on_progressed(self, task: Task) -> None:
        if task is self._shown:
            self._show(task)

    def on_time(self) -> None:
        """Choose the task to show: one that can be stopped before one that cannot."""
        if not self._tasks.busy:
            self._timer.stop()
        now = time.monotonic()
        long = [task for task in self._tasks.running if now - task.began >= SHOW_AFTER_S]
        self._shown = min(long, key=lambda task: (not task.stoppable, task.began)) if long else None
        self.setVisible(self._shown is not None)
        if self._shown is not None:
            self._show(self._shown)

    def on_cancel(self) -> None:
        if self._shown is not None:
            self._shown.cancel()
            self._show(self._shown)

    def _show(self, task: Task) -> None:
        self._text.set_full_text(title_text(task))
        self._count.setText(count_text(task))
        show_progress(task, self._progress, self._cancel)
        self._progress.setAccessibleName(task_text(task))
        self._cancel.setVisible(task.stoppable)
