"""Operations on the watch set. They are not steps of the history: the note takes them back."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from visualmemory_gui.app.models.query import Query, name_of
from visualmemory_gui.app.models.thumbnails import scaled
from visualmemory_gui.app.operations.edit import Edit, Note
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.dialogs.changed_decisions_dialog import DecisionRow
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.store.kept_images import KeptImage, NewKeptImage
    from visualmemory_gui.engine.what_if.impact import ChangedDecision

SIDE = 96


def watch(session: Session, query: Query, expected: str) -> None:
    """Watch ``query`` from now on; it should be ``expected``."""

    def work(memory: Memory) -> list[int]:
        return list(memory.watch.add([(watched_image(query), expected)]))

    def said(ids: list[int]) -> Note:
        session.watch.restart()
        return Note(f"Watching {query.name}: it should be {expected}.", _no_more(session, ids))

    Edit("Watching", work, said).run(session)


def unwatch(session: Session, ids: Sequence[int]) -> None:
    """Stop watching these."""
    if ids:
        _no_more(session, ids).run(session)


def query_of(image: KeptImage) -> Query | None:
    """A watched image as a query for Decide."""
    if image.vector is None:
        return None
    return Query(
        name_of(image.source, image.box),
        image.vector,
        image.content,
        image.thumbnail,
        image.source,
        sha256=image.sha256,
        box=image.box,
        original=image.original,
    )


def _no_more(session: Session, ids: Sequence[int]) -> Edit[object]:
    def said(_: object) -> Note:
        session.watch.restart()
        return Note(f"Stopped watching {how_many(len(ids), 'image')}.")

    return Edit("Watching", lambda m: m.watch.remove(ids), said)


def changed_row(memory: Memory, changed: ChangedDecision) -> DecisionRow:
    """A decision that an edit changed, as the dialog shows it."""
    query = changed.query
    jpeg, source = None, None
    if query.image is not None:
        jpeg, source = query.image.thumbnail, query.image.source
    elif query.exemplar is not None:
        jpeg = memory.catalog.thumbnail(query.exemplar)
        source = memory.catalog.sources([query.exemplar])[query.exemplar]
    name = name_of(source, otherwise=f"exemplar {query.exemplar}") if query.exemplar else name_of(source)
    kind = f"it is {query.expected}" if changed.kind == "broken" else changed.kind
    return DecisionRow(name, changed.before or "nothing", changed.after or "nothing", kind, scaled(jpeg or b"", SIDE))


def watched_image(query: Query) -> NewKeptImage:
    """``query`` as the watch set stores it. A vector without an image is identified by its bytes."""
    from visualmemory_gui.engine.store.kept_images import NewKeptImage  # late: with it all that reads a database

    return NewKeptImage(
        content=query.content or sha256(query.vector.tobytes()).hexdigest(),
        source=query.source,
        sha256=query.sha256,
        thumbnail=query.thumbnail,
        vector=query.vector,
        box=query.box,
        original=query.original,
    )
