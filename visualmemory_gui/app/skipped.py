"""Files that could not be read are never passed over in silence: a note's button lists them with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from visualmemory_gui.app.session import Also, Session
from visualmemory_gui.engine.types import Skipped


def show(session: Session, skipped: Sequence[Skipped]) -> tuple[Also, ...]:
    """The button that lists ``skipped``; none where all was read."""
    rows = [(one.path, one.reason) for one in skipped]
    title = f"{len(rows):,} file{'' if len(rows) == 1 else 's'} could not be read"
    return (("Show", partial(session.skipped_asked.emit, title, rows)),) if rows else ()
