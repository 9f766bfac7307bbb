"""The last notes with their actions, newest first, as a list: a row for each note, and one below for each action."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from visualmemory_gui.app.models.history import when
from visualmemory_gui.app.models.note import KeptNote, NoteAction
from visualmemory_gui.app.runtime.tasks import Tasks

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.types import StepState

Index = QModelIndex | QPersistentModelIndex
MOST = 50
TOPIC = "notes"
NOT_LAST = "Other edits were made after it; see the history."
UNDONE = "It has been undone."
ON_BRANCH = "It is on a branch; see the history."
DROPPED = "The history no longer holds it."
_FIRST = int(Qt.ItemDataRole.UserRole) + 1


class NoteRole(IntEnum):
    """IsAction, IsError, IsUnread: bool. When: the time in words. Refusal: why an action is not possible, or ""."""

    IsAction = _FIRST
    IsError = _FIRST + 1
    IsUnread = _FIRST + 2
    When = _FIRST + 3
    Refusal = _FIRST + 4


class NoteLog(QAbstractListModel):
    """The notes of the open memory, and the errors of this run of the program; nothing is written to disk.

    ``updated`` says that a note came, grew, was read, or is gone.
    """

    updated = Signal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._notes: deque[KeptNote] = deque(maxlen=MOST)
        self._rows: list[KeptNote | tuple[KeptNote, NoteAction]] = []
        self._states: Mapping[int, StepState] = {}
        self._last: int | None = None  # the step that undo would take back, once it is known

    @property
    def notes(self) -> tuple[KeptNote, ...]:
        """Newest first."""
        return tuple(self._notes)

    @property
    def newest(self) -> str:
        """The text of the newest note, "" without one."""
        return self._notes[0].text if self._notes else ""

    @property
    def unread(self) -> int:
        return sum(note.unread for note in self._notes)

    # Keeping

    def keep(self, note: KeptNote) -> None:
        """Keep ``note`` in place of the oldest of fifty."""
        self._notes.appendleft(note)
        self._rebuild()

    def extend(self, text: str, actions: tuple[NoteAction, ...]) -> None:
        """Add to the newest note what has become known since."""
        if self._notes:
            newest = self._notes[0]
            newest.text = joined(newest.text, text)
            newest.actions += actions
            self._rebuild()

    def mark_read(self) -> None:
        """Count nothing as unread any more."""
        for note in self._notes:
            note.unread = False
        self.updated.emit()

    def drop_of_memory(self) -> None:
        """Drop the notes of a memory that was closed; errors stay, without what they offered for it."""
        self._tasks.supersede(TOPIC)
        self._notes = deque((note for note in self._notes if note.is_error), maxlen=MOST)
        self._states, self._last = {}, None
        self._rebuild()

    def refresh(self, memory: Memory | None) -> None:
        """Read which of the steps that actions take back can still be."""
        steps = {action.step for note in self._notes for action in note.actions if action.step is not None}
        if memory is None or not steps:
            return

        def read() -> tuple[Mapping[int, StepState], int | None]:
            last = memory.history.can_undo()
            return memory.history.states(steps), last.number if last else None

        self._tasks.run_edit("Reading the history", read, lambda found: self._take(*found), topic=TOPIC)

    # Using

    def action_at(self, row: int) -> NoteAction | None:
        """The action of a row, in the form that is possible now; None for a note's own row."""
        found = self._rows[row] if 0 <= row < len(self._rows) else None
        return self._current(found[1]) if isinstance(found, tuple) else None

    def refusal(self, action: NoteAction) -> str:
        """Why ``action`` is not possible now, "" if it is."""
        if action.step is not None and self._last is not None and action.step != self._last:
            return {"done": NOT_LAST, "undone": UNDONE, "branch": ON_BRANCH}.get(
                self._states.get(action.step, ""), DROPPED
            )
        return action.refusal()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        return self._of_action(*row, role) if isinstance(row, tuple) else _of_note(row, role)

    def _of_action(self, note: KeptNote, action: NoteAction, role: int) -> object:
        shown = self._current(action)
        refusal = self.refusal(shown)
        why = f" Not possible: {refusal}" if refusal else ""
        values: dict[int, object] = {
            Qt.ItemDataRole.DisplayRole: shown.text,
            Qt.ItemDataRole.ToolTipRole: refusal,
            Qt.ItemDataRole.AccessibleTextRole: f"{shown.text}: {note.text}{why}",
            NoteRole.IsAction: True,
            NoteRole.Refusal: refusal,
        }
        return values.get(role)

    def _current(self, action: NoteAction) -> NoteAction:
        return action.later if action.later is not None and self.refusal(action) == NOT_LAST else action

    def _take(self, states: Mapping[int, StepState], last: int | None) -> None:
        self._states, self._last = states, last or 0
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def _rebuild(self) -> None:
        self.beginResetModel()
        self._rows = list(self._lines())
        self.endResetModel()
        self.updated.emit()

    def _lines(self) -> Iterator[KeptNote | tuple[KeptNote, NoteAction]]:
        for note in self._notes:
            yield note
            yield from ((note, action) for action in note.actions)


def joined(text: str, more: str) -> str:
    """``text`` as one sentence with what has become known since."""
    return f"{text.rstrip('.')}; {more}"


def _of_note(note: KeptNote, role: int) -> object:
    text, unread = f"Error: {note.text}" if note.is_error else note.text, (", unread" if note.unread else "")
    values: dict[int, object] = {
        Qt.ItemDataRole.DisplayRole: text,
        Qt.ItemDataRole.AccessibleTextRole: f"{text} {when(note.time)}{unread}",
        NoteRole.IsAction: False,
        NoteRole.IsError: note.is_error,
        NoteRole.IsUnread: note.unread,
        NoteRole.When: when(note.time),
    }
    return values.get(role)
