"""One long task, large where the user waits for it: what it does, how long it will still take, Cancel."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.runtime.tasks import Task, Tasks
from visualmemory_gui.app.widgets.panels.task_progress import count_text, show_progress
from visualmemory_gui.engine.text.visible_text import capitalised

WIDE_PT = 330.0


class LongTask(QFrame):
    """Shows the task of the job ``once`` from its first report on; hidden while it does not run.

    ``stopping`` is what it says after Cancel.
    """

    def __init__(self, tasks: Tasks, once: str, *, stopping: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("longTask")
        self.setProperty("panel", True)
        self.setFixedWidth(theme.px(WIDE_PT))
        self._tasks, self._once, self._stopping = tasks, once, stopping
        self._title, self._stage, self._count = QLabel(), QLabel(), QLabel()
        self._title.setFont(theme.points(self.font(), 3, bold=True))
        self._stage.setWordWrap(True)
        self._count.setProperty("dim", True)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._cancel = QPushButton("Cancel")
        self._cancel.setObjectName("longTaskCancel")
        self._cancel.clicked.connect(self.on_cancel)
        self._lay_out()
        tasks.progressed.connect(self.on_progressed)
        tasks.finished.connect(self.on_finished)
        self.hide()

    def on_progressed(self, task: Task) -> None:
        if task.once == self._once:
            self._show(task)
            self.show()

    def on_finished(self) -> None:
        if self._tasks.running_job(self._once) is None:
            self.hide()

    def on_cancel(self) -> None:
        running = self._tasks.running_job(self._once)
        if running is not None:
            running.cancel()
            self._show(running)

    def _show(self, task: Task) -> None:
        stage = capitalised(task.what)
        self._title.setText(task.title)
        self._stage.setText(self._stopping if task.cancelled else stage or "Starting")
        self._stage.setVisible(self._stage.text() != task.title)
        self._count.setText(count_text(task))
        show_progress(task, self._progress, self._cancel)
        self._progress.setAccessibleName(f"{task.title}: {stage} {count_text(task)}".strip())

    def _lay_out(self) -> None:
        margin = theme.px(10)
        column = QVBoxLayout(self)
        column.setContentsMargins(margin, margin, margin, margin)
        column.addWidget(self._title)
        column.addWidget(self._stage)
        self._progress.setAccessibleName("Progress")
        column.addWidget(self._progress)
        row = QHBoxLayout()
        row.addWidget(self._count, 1)
        row.addWidget(self._cancel, 0, Qt.AlignmentFlag.AlignRight)
        column.addLayout(row)
