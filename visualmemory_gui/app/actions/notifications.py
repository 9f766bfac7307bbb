"""The notes at the bottom of the window: what an edit did, its Undo, and which other decisions it changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.panels.note_bar import NoteBar

if TYPE_CHECKING:
    from visualmemory_gui.engine.what_if.impact import Impact


class Notes(QObject):
    """Owns the ``bar``, which belongs to the open memory: its text and its Undo are cleared with it.

    A note that is replaced before its lasting actions were used waits, and returns when the newer ones are gone.
    """

    changed_requested = Signal(object)  # an Impact whose changed decisions are to be listed

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self.bar = NoteBar()
        self._undo: Callable[[], object] | None = None
        self._goes_on = True
        self._waiting: list[tuple[str, tuple[NoteAction, ...]]] = []
        session.note_posted.connect(self.on_posted)
        session.note_finished.connect(self.on_finished)
        session.memory_opened.connect(self.drop)
        session.memory_closed.connect(self.drop)
        session.watch.impact_found.connect(self.on_impact_found)
        self.bar.undo_requested.connect(self.on_undo)
        self.bar.gone.connect(self.on_gone, Qt.ConnectionType.QueuedConnection)

    def drop(self) -> None:
        self._undo = None
        self._waiting.clear()
        self.bar.hide()

    def on_posted(self, text: str, undo: Callable[[], object] | None, also: tuple[NoteAction, ...]) -> None:
        if not self.bar.isHidden() and self.bar.lasting:
            self._waiting.append((self.bar.text, self.bar.lasting))
        self._undo, self._goes_on = undo, True
        self.bar.show_note(text, undo=undo is not None, actions=also)

    def on_gone(self) -> None:
        """Show a waiting note again, without its Undo: other edits have been made since."""
        if self.bar.isHidden() and self._waiting:
            self._undo, self._goes_on = None, False
            text, actions = self._waiting.pop()
            self.bar.show_note(text, actions=actions)

    def on_finished(self) -> None:
        self._goes_on = False

    def on_undo(self) -> None:
        if self._undo is not None:
            self._undo()

    def on_impact_found(self, impact: Impact) -> None:
        """Add to an edit's note what the edit did to other decisions."""
        if self.bar.isVisible() and self._goes_on and impact.of:
            show = partial(self.changed_requested.emit, impact)
            self.bar.add(impact.summary, (NoteAction("Show changed decisions", show),) if impact.changed else ())
