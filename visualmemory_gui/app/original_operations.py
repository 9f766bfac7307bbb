"""Pictures that the memory only links to: which of them are not where they were, and where they are now."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.app.dialogs import Asking
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.operations import may_write
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.progress import Report

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory
    from visualmemory_gui.engine.upkeep import Missing, Relinked


def look(session: Session, then: Callable[[Missing], object]) -> None:
    """Look in the background whether the originals are in their place."""

    def work(memory: VisualMemory, report: Report) -> tuple[VisualMemory, Missing]:
        return memory, memory.maintenance.missing_originals(report)

    def told(found: tuple[VisualMemory, Missing]) -> None:
        memory, missing = found
        if memory is session.memory:
            then(missing)

    session.run_background("Looking for originals", work, told)


def ask_where(session: Session, ask: Asking, missing: Missing) -> None:
    """Show what is missing, and ask where one of its folders lies now; where nothing is, say so."""
    if missing.count:
        ask.originals(missing, partial(locate, session, missing))
    elif missing.linked:
        session.post_note(all_there(missing.linked))
    else:
        session.post_note("This memory needs no originals: it keeps its own copies.")


def tell(session: Session, ask: Asking, missing: Missing) -> None:
    """A note where something is missing; nothing else."""
    if missing.count:
        where = NoteAction("Locate folder…", partial(ask_where, session, ask, missing))
        session.post_note(f"{not_found(missing.count)}; decisions do not need them.", also=(where,))


def locate(session: Session, missing: Missing, old: str, new: str) -> None:
    """Find the missing originals of the folder ``old`` in ``new``, by place and by content, in the background."""
    ids = dict(missing.folders)[old]

    def work(memory: VisualMemory, report: Report) -> Relinked:
        return memory.maintenance.relink(old, new, report, only=frozenset(ids.tolist()))

    def said(done: Relinked) -> None:
        session.originals_moved.emit()
        session.post_note(found_text(done.moved, len(ids), Path(new).name))

    def failed(error: BaseException) -> None:
        if isinstance(error, Cancelled):
            session.post_note("Stopped looking; the memory knows the originals where it knew them before.")
        else:
            session.raise_error(error)

    if may_write(session):
        session.run_background(f"Looking for {len(ids):,} originals", work, said, failed, once=f"relink {old} to {new}")


def not_found(count: int) -> str:
    """ "412 originals not found"."""
    return f"{count:,} original{'' if count == 1 else 's'} not found"


def found_text(found: int, of: int, place: str) -> str:
    """ "Found 400 of 412 originals in holiday; 12 are still missing."."""
    left = of - found
    rest = f"; {left:,} {'is' if left == 1 else 'are'} still missing" if left else ""
    return f"Found {found:,} of {of:,} originals in {place}{rest}."


def all_there(count: int) -> str:
    return "The original is in its place." if count == 1 else f"All {count:,} originals are in their place."
