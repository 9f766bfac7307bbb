"""The notes at the bottom of the window: what an edit did, its Undo, and what it changed elsewhere."""

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
    """Owns the ``bar``, which belongs to the memory that is open: its words and its Undo go with it.

    A note that is replaced before its lasting actions were used waits, and comes back when the newer ones are gone.
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
        """What waited comes back, without its Undo: other edits came since."""
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
        """The note of an edit goes on with what the edit did to other decisions."""
        if self.bar.isVisible() and self._goes_on and impact.of:
            show = partial(self.changed_requested.emit, impact)
            self.bar.add(impact.summary, (NoteAction("Show changed decisions", show),) if impact.changed else ())
