"""Linked images: which of them are no longer where they were, and where they are now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.app.operations.edit import Job, Note
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.maintenance import Missing, Relinked
    from visualmemory_gui.engine.memory.protocol import Memory


def look(session: Session, then: Callable[[Missing], object]) -> None:
    """Check in the background whether the originals are in their place."""

    def work(memory: Memory, report: Report) -> tuple[Memory, Missing]:
        return memory, memory.maintenance.missing_originals(report)

    def told(found: tuple[Memory, Missing]) -> None:
        memory, missing = found
        if memory is session.memory:
            then(missing)

    Job("Looking for originals", work, told, only_reads=True).run(session)


def locate(session: Session, missing: Missing, old: str, new: str) -> None:
    """Find the missing originals of the folder ``old`` in ``new``, by path and by content, in the background."""
    ids = dict(missing.folders)[old]

    def work(memory: Memory, report: Report) -> Relinked:
        return memory.maintenance.relink(old, new, report, only=frozenset(ids.tolist()))

    def said(done: Relinked) -> Note:
        session.originals_moved.emit()
        return Note(found_text(done.moved, len(ids), Path(new).name))

    stopped = "Search stopped; the memory still expects the originals where they were before."
    Job(f"Looking for {len(ids):,} originals", work, said, stopped, once=f"relink {old} to {new}").run(session)


def not_found(count: int) -> str:
    """ "412 originals not found"."""
    return f"{how_many(count, 'original')} not found"


def found_text(found: int, of: int, place: str) -> str:
    """ "Found 400 of 412 originals in holiday; 12 are still missing."."""
    left = of - found
    rest = f"; {left:,} {'is' if left == 1 else 'are'} still missing" if left else ""
    return f"Found {found:,} of {of:,} originals in {place}{rest}."


def all_there(count: int) -> str:
    """ "All 12 originals are in their place."."""
    return "The original is in its place." if count == 1 else f"All {count:,} originals are in their place."
