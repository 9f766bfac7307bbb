"""What can be done to the watch set. It is no step of the history: the note takes it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from visualmemory_gui.app.dialogs import Asking
from visualmemory_gui.app.models.asking import Query
from visualmemory_gui.app.models.thumbnails import scaled
from visualmemory_gui.app.operations import may_write
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.moved_dialog import MovedRow
from visualmemory_gui.engine.store.pictures import KeptPicture, NewPicture
from visualmemory_gui.engine.study.impact import ChangedDecision, Impact

MOST_SHOWN = 200
SIDE = 96


def watch(session: Session, query: Query, expected: str) -> None:
    """Follow the decision of ``query`` from now on; it ought to be ``expected``."""

    def work(memory: Any) -> list[int]:
        return list(memory.watch.add([(watched_picture(query), expected)]))

    def said(ids: list[int]) -> None:
        session.watch.restart()
        session.post_note(f"Watching {query.name}: it ought to be {expected}.", partial(unwatch, session, ids))

    if may_write(session):
        session.edit("Watching", work, said)


def unwatch(session: Session, ids: Sequence[int]) -> None:
    """Follow these no more."""

    def said(_: object) -> None:
        session.watch.restart()
        session.post_note(f"Stopped watching {len(ids):,} picture{'' if len(ids) == 1 else 's'}.")

    if ids and may_write(session):
        session.edit("Watching", lambda m: m.watch.remove(ids), said)


def show_changed(
    session: Session, impact: Impact, *, ask: Asking, then: Callable[[Query | int], object], title: str = ""
) -> None:
    """List the decisions that an edit changed, or would change; the one chosen goes to ``then`` as an exemplar's id or
    a query. ``title`` says it where the edit is not made yet."""
    changed = impact.changed[:MOST_SHOWN]

    def chosen(row: int) -> None:
        query = changed[row].query
        found = query.exemplar if query.picture is None else query_of(query.picture)
        if found is not None:
            then(found)

    def shown(rows: list[MovedRow]) -> None:
        first = f" (the first {len(changed):,})" if len(changed) < len(impact.changed) else ""
        ask.moved(f"{title or impact.summary.capitalize()}{first}", rows, chosen)

    session.edit("Reading pictures", lambda m: [_row(m, each) for each in changed], shown)


def query_of(picture: KeptPicture) -> Query | None:
    """A watched picture as the query of Decide."""
    if picture.vector is None:
        return None
    name = Path(picture.source).name if picture.source else "pasted picture"
    return Query(name, picture.vector, picture.content, picture.thumbnail, picture.source)


def _row(memory: Any, changed: ChangedDecision) -> MovedRow:
    query = changed.query
    if query.picture is not None:
        jpeg, source = query.picture.thumbnail, query.picture.source
    else:
        jpeg, source = (
            memory.catalog.thumbnail(query.exemplar),
            memory.catalog.sources([query.exemplar])[query.exemplar],
        )
    name = Path(source).name if source else f"exemplar {query.exemplar}" if query.exemplar else "pasted picture"
    kind = f"it is {query.expected}" if changed.kind == "broken" else changed.kind
    return MovedRow(name, changed.before or "nothing", changed.after or "nothing", kind, scaled(jpeg or b"", SIDE))


def watched_picture(query: Query) -> NewPicture:
    """``query`` as the watch set keeps it. A vector without a picture is known by its bytes."""
    return NewPicture(
        content=query.content or sha256(query.vector.tobytes()).hexdigest(),
        source=query.source,
        sha256=query.picture.sha256 if query.picture else None,
        thumbnail=query.thumbnail,
        vector=query.vector,
    )
