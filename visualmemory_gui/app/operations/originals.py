"""The files of images: opened and shown; which are no longer where they were, and where they are now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.app.models.query import Query
from visualmemory_gui.app.operations.edit import Job, Note
from visualmemory_gui.app.runtime.place import open_file, show_in_folder
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.images.formats import looks_like_image
from visualmemory_gui.engine.memory.protocol import whole
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.maintenance import Missing, Relinked
    from visualmemory_gui.engine.memory.protocol import Memory

    Finder = Callable[[Memory], Query]
    """Reads an image of the memory; called off the window's thread."""

FILE = "file of an image"
NO_ENDING = "{} was not opened: its name does not end like that of an image. “Show in folder” shows where it is."


def look(session: Session, then: Callable[[Missing], object]) -> None:
    """Check in the background whether the originals are in their place."""

    def work(memory: Memory, report: Report) -> tuple[Memory, Missing]:
        return memory, whole(memory).maintenance.missing_originals(report)

    def told(found: tuple[Memory, Missing]) -> None:
        memory, missing = found
        if memory is session.memory:
            then(missing)

    Job("Looking for originals", work, told, only_reads=True).run(session)


def locate(session: Session, missing: Missing, old: str, new: str) -> None:
    """Find the missing originals of the folder ``old`` in ``new``, by path and by content, in the background."""
    ids = dict(missing.folders)[old]

    def work(memory: Memory, report: Report) -> Relinked:
        return whole(memory).maintenance.relink(old, new, report, only=frozenset(ids.tolist()))

    def said(done: Relinked) -> Note:
        session.originals_moved.emit()
        return Note(found_text(done.moved, len(ids), Path(new).name))

    stopped = "Search stopped; the memory still expects the originals where they were before."
    Job(f"Looking for {len(ids):,} originals", work, said, stopped, once=f"relink {old} to {new}").run(session)


def open_original(session: Session, find: Finder) -> None:
    """Open the file of the image that ``find`` returns, unless its ending promises something else: a memory from a
    stranger may name a program, or hold one."""

    def show(path: str) -> None:
        if looks_like_image(path):
            open_file(path)
        else:
            session.post_note(NO_ENDING.format(Path(path).name))

    _with_file(session, find, show)


def show_original_in_folder(session: Session, find: Finder) -> None:
    """Show where the file of that image is."""
    _with_file(session, find, show_in_folder)


def _with_file(session: Session, find: Finder, then: Callable[[str], object]) -> None:
    """Call ``then`` with the path of the file, or say that it is gone. A disk that is asleep keeps no edit waiting."""
    memory = session.memory
    if memory is None:
        return

    def work() -> tuple[str, Path | None]:
        from visualmemory_gui.engine.memory.original_image import file_of

        query = find(memory)
        return query.name, file_of(memory, query.sha256, query.source)

    def done(found: tuple[str, Path | None]) -> None:
        name, path = found
        if path is None:
            session.post_note(f"The original of {name} is no longer there; decisions do not need it.")
        else:
            then(str(path))

    session.tasks.run_beside("Finding the original", work, done, topic=FILE)


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
