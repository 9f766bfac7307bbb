"""Files are never left out silently, nor pages of them: a note's button lists them with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import FirstPage, Skipped


def show(session: Session, skipped: Sequence[Skipped], first_pages: Sequence[FirstPage] = ()) -> tuple[NoteAction, ...]:
    """The button that lists ``skipped`` and ``first_pages``; none if everything was read."""
    if not skipped and not first_pages:
        return ()
    which = "file that was" if len(skipped) == 1 else f"{len(skipped):,} files that were"
    text = f"Show the {which} skipped" if skipped else "Show where pages were left out"
    return (NoteAction(text, partial(ask, session, skipped, first_pages)),)


def ask(session: Session, skipped: Sequence[Skipped], first_pages: Sequence[FirstPage] = ()) -> None:
    """Ask the window to list ``skipped``, and after them ``first_pages``."""
    rows = [*((one.path, one.reason) for one in skipped), *((one.path, one.words) for one in first_pages)]
    parts = (words(skipped) if skipped else "", first_page_words(len(first_pages)) if first_pages else "")
    session.skipped_asked.emit("; ".join(part for part in parts if part), rows)


def words(skipped: Sequence[Skipped]) -> str:
    """ "2 files were left out"."""
    return f"{how_many(len(skipped), 'file')} {'was' if len(skipped) == 1 else 'were'} left out"


def first_page_words(count: int) -> str:
    """ "3 files have several pages, of which only the first was taken"."""
    return (
        f"{how_many(count, 'file')} {'has' if count == 1 else 'have'} several pages, of which only the first was taken"
    )
