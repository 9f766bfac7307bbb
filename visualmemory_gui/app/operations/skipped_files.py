"""Files are never left out silently: a note's button lists them with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Skipped


def show(session: Session, skipped: Sequence[Skipped]) -> tuple[NoteAction, ...]:
    """The button that lists ``skipped``; none if everything was read."""
    which = "file that was" if len(skipped) == 1 else f"{len(skipped):,} files that were"
    return (NoteAction(f"Show the {which} skipped", partial(ask, session, skipped)),) if skipped else ()


def ask(session: Session, skipped: Sequence[Skipped]) -> None:
    """Ask the window to list ``skipped``."""
    session.skipped_asked.emit(words(skipped), [(one.path, one.reason) for one in skipped])


def words(skipped: Sequence[Skipped]) -> str:
    """ "2 files were left out"."""
    return f"{how_many(len(skipped), 'file')} {'was' if len(skipped) == 1 else 'were'} left out"
