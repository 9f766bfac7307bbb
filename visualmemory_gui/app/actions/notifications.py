"""The notes of the window: the one at its bottom, and those that the bell keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.models.note import KeptNote, NoteAction
from visualmemory_gui.app.models.note_log import NoteLog
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.panels.note_bar import NoteBar

if TYPE_CHECKING:
    from visualmemory_gui.engine.what_if.impact import Impact

HELD_MS = 100  # at most; a decision that takes longer is not waited for


class Notes(QObject):
    """Owns the ``bar``, which shows a note for a while, and the ``log``, which keeps it with all its actions.

    Both belong to the open memory and are cleared with it. While it is ``quiet``, notes go to the log alone. The note
    of an edit comes after the decision that the edit moves, which is what the user looks at: laying out and painting
    the note would keep it waiting.
    """

    changed_requested = Signal(object)  # an Impact whose changed decisions are to be listed
    error_requested = Signal(str, str, str)  # an error to show again: what happened, what to do, details

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self.bar = NoteBar()
        self.log = NoteLog(session.tasks, self)
        self._undo: Callable[[], object] | None = None
        self._goes_on = False
        self._quiet = False
        self._session = session
        self._held: list[Callable[[], None]] = []
        self._wait = QTimer(self, singleShot=True)
        self._wait.timeout.connect(self._show_held)
        session.tasks.finished.connect(self.on_task_finished)
        session.note_posted.connect(self.on_posted)
        session.note_finished.connect(self.on_finished)
        session.error_raised.connect(self.on_error)
        session.memory_opened.connect(self.drop)
        session.memory_closed.connect(self.drop)
        session.watch.impact_found.connect(self.on_impact_found)
        self.bar.undo_requested.connect(self.on_undo)

    def drop(self) -> None:
        self._held.clear()
        self._undo, self._goes_on = None, False
        self.bar.drop()
        self.log.drop_of_memory()

    def set_quiet(self, quiet: bool) -> None:
        """Leave it to the view that is shown to say the newest note."""
        self._quiet = quiet
        if quiet:
            self.bar.hide()

    def refresh(self) -> None:
        """Find out which actions of the kept notes are still possible."""
        self.log.refresh(self._session.memory)

    def on_posted(self, text: str, undo: NoteAction | None, also: tuple[NoteAction, ...]) -> None:
        """Show a note: now, or once the decision that is on its way has been painted."""
        self._held.append(partial(self._show, text, undo, also))
        if not self._session.decision.deciding:
            self._show_held()
        elif not self._wait.isActive():
            self._wait.start(HELD_MS)

    def on_task_finished(self) -> None:
        if self._held and not self._session.decision.deciding:
            self._wait.start(0)

    def _show_held(self) -> None:
        held, self._held = self._held, []
        for show in held:
            show()

    def _show(self, text: str, undo: NoteAction | None, also: tuple[NoteAction, ...]) -> None:
        self._undo, self._goes_on = undo, True
        if not self._quiet:
            self.bar.show_note(text, undo=undo is not None, actions=also)
        self.log.keep(KeptNote(text, (undo, *also) if undo is not None else also))

    def on_error(self, what: str, todo: str, details: str) -> None:
        """Keep an error, which a dialog has shown, so that it can be read again."""
        self._show_held()
        self._goes_on = False
        again = NoteAction("Show the details", partial(self.error_requested.emit, what, todo, details))
        self.log.keep(KeptNote(f"{what} {todo}".strip(), (again,), is_error=True, unread=False))

    def on_finished(self) -> None:
        self._show_held()
        self._goes_on = False

    def on_undo(self) -> None:
        if self._undo is not None:
            self._undo()

    def on_impact_found(self, impact: Impact) -> None:
        """Add to an edit's note what the edit did to other decisions."""
        self._show_held()
        if self._goes_on and impact.of:
            show = NoteAction(words_of(len(impact.changed)), partial(self.changed_requested.emit, impact))
            actions = (show,) if impact.changed else ()
            self.log.extend(impact.summary, actions)
            if self.bar.isVisible():
                self.bar.add(impact.summary, actions)


def words_of(changed: int) -> str:
    """ "Show the 3 decisions that changed"."""
    return "Show the decision that changed" if changed == 1 else f"Show the {changed:,} decisions that changed"
