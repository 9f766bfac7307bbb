"""The steps of a memory's history by day, newest first; undone ones stay on top until a new edit discards them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.types import Step

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

Index = QModelIndex | QPersistentModelIndex
TOPIC = "history"
MOST = 500
_FIRST = int(Qt.ItemDataRole.UserRole) + 1
_COUNTED = (
    (("add", "import"), "+{:,}"),
    (("strike",), "{:,} struck"),
    (("restore",), "{:,} restored"),
    (("relabel", "rename"), "{:,} relabelled"),
    (("reweigh",), "{:,} reweighed"),
    (("prune",), "{:,} pruned"),
    (("tune",), "{:,} tuned"),
    (("revert",), "{:,} reverted"),
)


class StepRole(IntEnum):
    """Step: the ``Step``, None for a day. Undone: bool. When: the time in words; for a day, what was done on it.

    Tags: names of the state after the step, joined. Place: its position relative to undo and redo, "" if nothing is
    undone.
    """

    Step = _FIRST
    Undone = _FIRST + 1
    When = _FIRST + 2
    Tags = _FIRST + 3
    Place = _FIRST + 4


@dataclass(frozen=True, slots=True)
class Day:
    """A line above the steps of one day; ``counts`` is what they did, "" if not all of them are known."""

    title: str
    counts: str


class TagRow(Protocol):
    """A name for the state after ``step``, or for that before all steps if None."""

    @property
    def name(self) -> str: ...
    @property
    def step(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """What is read of the history at a time."""

    steps: Sequence[Step] = ()
    tags: Sequence[TagRow] = ()
    branches: Sequence[Step] = ()


class HistoryModel(QAbstractListModel):
    """The history as a list model: a heading per day, then its steps."""

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._memory: Memory | None = None
        self._rows: tuple[Day | Step, ...] = ()
        self._tags: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._present = self._redone_next = 0

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(row for row in self._rows if isinstance(row, Step))

    @property
    def present(self) -> int:
        """The number of the last step that is done, 0 if there is none."""
        return self._present

    def set_memory(self, memory: Memory | None) -> None:
        self._tasks.supersede(TOPIC)
        self._memory = memory
        self.set_read(HistoryRead())
        self.refresh()

    def refresh(self, wait_ms: int = 0) -> None:
        """Read the history again, after ``wait_ms``."""
        memory = self._memory
        if memory is not None:
            self._tasks.run_edit(
                "Reading the history",
                lambda: HistoryRead(memory.history.steps(MOST), memory.tags.all(), memory.history.branches()),
                self.set_read,
                self._tasks.passed_over,
                topic=TOPIC,
                wait_ms=wait_ms,
            )

    def set_read(self, read: HistoryRead) -> None:
        self.beginResetModel()
        days = by_day(read.steps, whole=len(read.steps) < MOST)
        self._rows = (*days, *on_branches(read.branches))
        self._names = {step.number: step.past for step in (*read.steps, *read.branches)}
        self._present = next((step.number for step in read.steps if step.state == "done"), 0)
        self._redone_next = next((step.number for step in reversed(read.steps) if step.state == "undone"), 0)
        names: dict[int, list[str]] = {}
        for tag in read.tags:
            names.setdefault(tag.step or 0, []).append(tag.name)
        self._tags = {step: ", ".join(found) for step, found in names.items()}
        self.endResetModel()

    def step_at(self, row: int) -> Step | None:
        found = self._rows[row] if 0 <= row < len(self._rows) else None
        return found if isinstance(found, Step) else None

    def tags_of(self, step: int) -> str:
        return self._tags.get(step, "")

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if index.isValid() and isinstance(self._rows[index.row()], Day):
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        return self._of_day(row, role) if isinstance(row, Day) else self._of_step(row, role)

    @staticmethod
    def _of_day(day: Day, role: int) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return day.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{day.title}: {day.counts}" if day.counts else day.title
        return day.counts if role == StepRole.When else None

    def _of_step(self, step: Step, role: int) -> object:
        tags = self.tags_of(step.number)
        place = self._place_of(step)
        more = f"{f', {place}' if place else ''}{f', tagged {tags}' if tags else ''}"
        values: dict[int, object] = {
            Qt.ItemDataRole.DisplayRole: step.past,
            Qt.ItemDataRole.AccessibleTextRole: f"{step.past}, {when(step.time)}{more}",
            Qt.ItemDataRole.ToolTipRole: f"{step.past}\n{when(step.time)}{more}",
            StepRole.Step: step,
            StepRole.Undone: step.state == "undone",
            StepRole.When: f"{datetime.fromtimestamp(step.time):%H:%M}",
            StepRole.Tags: tags,
            StepRole.Place: place,
        }
        return values.get(role)

    def _place_of(self, step: Step) -> str:
        """The step's position relative to the present, while something is undone: what redo does next is lowest.

        For one on a branch, what it was done after.
        """
        if step.after is not None:
            return (
                f"after “{self._names.get(step.after, f'step {step.after}')}”" if step.after else "after the beginning"
            )
        if step.state == "undone":
            return "undone, next to redo" if step.number == self._redone_next else "undone"
        return "the memory is here" if self._redone_next and step.number == self._present else ""


def by_day(steps: Sequence[Step], *, whole: bool = True, now: datetime | None = None) -> Iterable[Day | Step]:
    """The steps, each day's under a heading. Unless ``whole``, the last day may have earlier steps than those read."""
    days = [(title, list(of)) for title, of in groupby(steps, key=lambda step: day(step.time, now))]
    for n, (title, of) in enumerate(days):
        yield Day(title, counts(of) if whole or n < len(days) - 1 else "")
        yield from of


def on_branches(steps: Sequence[Step]) -> Iterable[Day | Step]:
    """The steps on branches under a heading, if there are any."""
    if steps:
        yield Day("On a branch", "kept because of a tag")
    yield from steps


def counts(steps: Iterable[Step]) -> str:
    """What the done steps did: "+12, 9 struck, 4 relabelled"."""
    found: Counter[str] = Counter()
    for step in steps:
        if step.state == "done":
            found[step.kind] += step.exemplars
    sums = ((text, sum(found[kind] for kind in kinds)) for kinds, text in _COUNTED)
    return ", ".join(text.format(count) for text, count in sums if count)


def day(time: float, now: datetime | None = None) -> str:
    """ "Today", "Yesterday", "3 May", "3 May 2024"."""
    at, now = datetime.fromtimestamp(time), now or datetime.now()
    days = (now.date() - at.date()).days
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    return f"{at.day} {at:%b}" if at.year == now.year else f"{at.day} {at:%b} {at.year}"


def when(time: float, now: datetime | None = None) -> str:
    """ "14:05" today, "yesterday 14:05", "3 May 14:05", "3 May 2024"."""
    at, now = datetime.fromtimestamp(time), now or datetime.now()
    title = day(time, now)
    if title == "Today":
        return f"{at:%H:%M}"
    return title if at.year != now.year else f"{title[0].lower() + title[1:]} {at:%H:%M}"
