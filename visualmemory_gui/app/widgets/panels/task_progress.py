"""The progress of a task in words and in a bar."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar, QPushButton

from visualmemory_gui.app.runtime.tasks import Task
from visualmemory_gui.engine.progress import amount

MOST_STEPS = 2**31 - 1  # of Qt's bar; a large file has more bytes


def show_progress(task: Task, progress: QProgressBar, cancel: QPushButton) -> None:
    """Show in a bar how far ``task`` is, and let a button cancel it once."""
    step = 1 + (task.total or 0) // MOST_STEPS
    progress.setRange(0, (task.total or 0) // step)
    progress.setValue(task.done // step)
    cancel.setEnabled(not task.cancelled)
    cancel.setAccessibleName(f"Cancel: {task.title}")


def task_text(task: Task) -> str:
    """ "Adding images of birds: 1,200 of 3,000 (60/s, 30 s left)"."""
    return ": ".join(part for part in (title_text(task), count_text(task)) if part)


def title_text(task: Task) -> str:
    """What it does, and the present stage where that says more."""
    text = f"Stopping: {task.title}" if task.cancelled else task.title
    return f"{text} · {task.what}" if task.what and task.what.lower() not in text.lower() else text


def count_text(task: Task) -> str:
    """ "1,200 of 3,000 (60/s, 30 s left)"; empty while the total is unknown."""
    if not task.total:
        return ""
    return f"{amount(task.done)} of {amount(task.total)}" + (f" ({task.pace})" if task.pace else "")
