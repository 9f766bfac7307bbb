"""The steps of a memory's history as rows, newest first; undone ones stay until a new edit abandons them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from visualmemory_gui.engine.types import Step

if TYPE_CHECKING:
    from visualmemory_gui.app.models.exemplars import Runner
    from visualmemory_gui.engine.memory import VisualMemory

Index = QModelIndex | QPersistentModelIndex
TOPIC = "history"
MOST = 500
_FIRST = int(Qt.ItemDataRole.UserRole) + 1


class StepRole(IntEnum):
    """Step: the ``Step``. Undone: bool. When: the time in words."""

    Step = _FIRST
    Undone = _FIRST + 1
    When = _FIRST + 2


class HistoryModel(QAbstractListModel):
    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._memory: VisualMemory | None = None
        self._steps: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        return self._steps

    def set_memory(self, memory: VisualMemory | None) -> None:
        self._runner.supersede(TOPIC)
        self._memory = memory
        self.set_steps(())
        self.refresh()

    def refresh(self) -> None:
        memory = self._memory
        if memory is not None:
            self._runner.run_edit(
                "Reading the history", lambda: memory.history.steps(MOST), self.set_steps, topic=TOPIC
            )

    def set_steps(self, steps: Sequence[Step]) -> None:
        self.beginResetModel()
        self._steps = newest_first(steps)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._steps)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        step = self._steps[index.row()]
        undone = step.state == "undone"
        values: dict[int, Any] = {
            Qt.ItemDataRole.DisplayRole: step.name,
            Qt.ItemDataRole.AccessibleTextRole: f"{step.name}, {when(step.time)}{', undone' if undone else ''}",
            Qt.ItemDataRole.ToolTipRole: f"{step.name}\n{when(step.time)}{', undone' if undone else ''}",
            StepRole.Step: step,
            StepRole.Undone: undone,
            StepRole.When: when(step.time),
        }
        return values.get(role)


def newest_first(steps: Sequence[Step]) -> tuple[Step, ...]:
    """As on a line of time: imports that go on, undone steps with that to be redone next lowest, then what is done."""
    undone = [step for step in steps if step.state == "undone"]
    going_on = [step for step in steps if step.state == "open"]
    return (*going_on, *reversed(undone), *(step for step in steps if step.state == "done"))


def when(time: float, now: datetime | None = None) -> str:
    """ "14:05" today, "yesterday 14:05", "3 May 14:05", "3 May 2024"."""
    at, now = datetime.fromtimestamp(time), now or datetime.now()
    days = (now.date() - at.date()).days
    clock = f"{at:%H:%M}"
    if days <= 0:
        return clock
    if days == 1:
        return f"yesterday {clock}"
    day = f"{at.day} {at:%b}"
    return f"{day} {clock}" if at.year == now.year else f"{day} {at.year}"
