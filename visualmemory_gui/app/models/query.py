"""Queries and their answers, made off the window's thread: from an image to a query to all that is shown with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from visualmemory_gui.app.models.card_images import card_image
from visualmemory_gui.app.models.image_pyramid import ImagePyramid
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.types import F32, Box, Decision, DecodedImage, Neighbour

if TYPE_CHECKING:
    from PIL.Image import Image

    from visualmemory_gui.engine.memory.image_reader import ImageLike
    from visualmemory_gui.engine.memory.protocol import Memory


SHOWN = 24  # recent queries
FIRST_CARDS = 16  # as many as a window of usual size has in sight


@dataclass(frozen=True, slots=True)
class Query:
    """What is being decided. ``vector`` is (dim,) float32 of unit length, stored so that no edit embeds it again.

    ``image`` is None for a query stored without its pixels (a recent one); ``exemplar`` is the id if the
    query is one of the memory's own, ``queued`` its number if it waits in the teaching queue, ``recent`` its number
    among the recent queries if it was read from there. ``sha256`` is that of the file's bytes; ``pasted`` are the
    pixels of an image that came without a file. A part of an image has its ``box``, and ``original`` is the content id
    of the whole; ``sha256``, ``source`` and ``pasted`` are those of the whole.
    """

    name: str
    vector: F32
    content: str | None = None
    thumbnail: bytes | None = None
    source: str | None = None
    image: DecodedImage | None = None
    exemplar: int | None = None
    queued: int | None = None
    recent: int | None = None
    sha256: str | None = None
    pasted: Image | None = None
    box: Box | None = None
    original: str | None = None

    @property
    def file_key(self) -> object:
        """What all parts of one image have in common; None where there is nothing to cut a part from."""
        return id(self.pasted) if self.pasted is not None else self.sha256


@dataclass(frozen=True, slots=True)
class Answer:
    """One decision with all that is shown with it.

    ``counts`` are active exemplars by full label; ``images``, by id, are thumbnails that the caller did not have yet,
    of the neighbours that are seen first. Those of ``later`` are still to be read.
    """

    decision: Decision
    counts: Mapping[str, int]
    images: Mapping[int, QImage]
    later: tuple[int, ...] = ()


def embed(memory: Memory, image: ImageLike, box: Box | None = None) -> Query:
    """Decode and embed ``image``, or the part ``box`` of it: a path, a PIL image or a decoded one.

    Loads the encoder if necessary. Raises BadImage, BadValue.
    """
    from visualmemory_gui.engine.images.decode import is_pil

    decoded = image if isinstance(image, DecodedImage) else memory.decode(image, box)
    vector = memory.embed([decoded])[0]
    return Query(
        name=name_of(decoded.source, decoded.box),
        vector=vector,
        content=decoded.content,
        thumbnail=decoded.thumbnail,
        source=decoded.source,
        image=decoded,
        sha256=decoded.sha256,
        pasted=image if decoded.source is None and is_pil(image) else None,
        box=decoded.box,
        original=decoded.original,
    )


def name_of(source: str | None, box: Box | None = None, otherwise: str = "pasted image") -> str:
    """The name of an image: that of its file, ``otherwise`` without one; of a part "lynx.jpg, 90 x 80 at 320, 40"."""
    name = Path(source).name if source else otherwise
    return name if box is None else f"{name}, {place_of(box)}"


def place_of(box: Box) -> str:
    return f"{box.w} x {box.h} at {box.x}, {box.y}"


def part_of(memory: Memory, query: Query, box: Box | None, known: ImagePyramid | None = None) -> Query:
    """The part ``box`` of the image that ``query`` is, or is itself a part of; None: all of that image.

    It is cut from ``known``, the pixels of the whole, if they have been read. Raises BadImage where the file is gone or
    has changed, and BadValue where the box does not fit.
    """
    from visualmemory_gui.engine.memory.original_image import cut_part, decode_original

    if query.pasted is not None:
        return embed(memory, query.pasted, box)
    if query.image is not None and box is not None and known is not None and known.is_full_size:
        return embed(memory, cut_part(memory, query.image, box, known.pixels))
    return embed(memory, decode_original(memory, query.sha256, query.source, box))


def query_of(memory: Memory, exemplar: int) -> Query:
    """One of the memory's own exemplars as a query."""
    row = memory.catalog.get([exemplar])[0]
    return Query(
        name=name_of(row.source, row.box, f"exemplar {exemplar}"),
        vector=memory.catalog.vectors([exemplar])[0],
        content=row.content,
        thumbnail=memory.catalog.thumbnail(exemplar),
        source=row.source,
        exemplar=exemplar,
        sha256=row.sha256,
        box=row.box,
        original=row.original,
    )


def queued_query(memory: Memory, number: int) -> Query:
    """An image of the teaching queue as a query."""
    kept = memory.queue.query(number).image
    assert kept.vector is not None  # every waiting image has one
    name = name_of(kept.source, otherwise=f"image {number}")
    return Query(name, kept.vector, kept.content, kept.thumbnail, kept.source, queued=number, sha256=kept.sha256)


def answer(
    memory: Memory,
    query: Query,
    scheme: VotingScheme,
    *,
    without: Collection[int] = (),
    known: Collection[int] = (),
    side: int = 256,
    silent: bool = False,
) -> Answer:
    """Decide ``query``, without the votes of the exemplars ``without``.

    Images of neighbours not in ``known`` are made for cards, at most ``side`` pixels a side: of those that are seen
    first, for a decision is not to wait for the others; of neighbours without a vote only where ``silent`` ones are
    shown. One of the memory's own exemplars is decided by leave-one-out: that is how confidence was fitted. An image
    that votes for itself is not such a query, and gets no confidence.
    """
    decision = memory.decide_vector(
        query.vector,
        scheme.k,
        scheme.rule,
        level=scheme.level,
        content=query.content,
        exclude=without,
        own=query.exemplar,
        original=query.original,
    )
    if {row.id for row in decision.in_memory} & {n.id for n in decision.neighbours}:
        decision = replace(decision, confidence=None)
    first = {n.id for order in (decision.voters, by_vote(decision.voters)) for n in order[:FIRST_CARDS]} - set(known)
    cards = decision.neighbours if silent else decision.voters
    return Answer(
        decision=decision,
        counts=memory.class_counts(),
        images=card_images(memory, first, side),
        later=tuple(n.id for n in cards if n.id not in first and n.id not in known),
    )


def card_images(memory: Memory, ids: Collection[int], side: int) -> dict[int, QImage]:
    """The images of exemplars for cards, at most ``side`` pixels a side; without those of which none is stored."""
    thumbnails = memory.catalog.thumbnails(sorted(ids)) if ids else {}
    return {i: card_image(data, side) for i, data in thumbnails.items() if data}


def by_vote(voters: Sequence[Neighbour]) -> list[Neighbour]:
    """``voters``, which are in order of their rank, the largest vote first."""
    return sorted(voters, key=lambda n: -n.share)


def keep_query(memory: Memory, query: Query) -> None:
    """Put ``query`` on the memory's list of recent queries. Runs in the edits' thread."""
    if query.content is not None:
        memory.queries.add(
            query.source,
            query.content,
            sha256=query.sha256,
            thumbnail=query.thumbnail,
            vector=query.vector,
            box=query.box,
            original=query.original,
        )


def recent_queries(memory: Memory) -> list[Query]:
    """The recent queries with a vector, newest first: they can be decided again without the encoder."""
    return [
        Query(
            name=name_of(row.source, row.box),
            vector=row.vector,
            content=row.content,
            thumbnail=row.thumbnail,
            source=row.source,
            recent=row.id,
            sha256=row.sha256,
            box=row.box,
            original=row.original,
        )
        for row in memory.queries.recent(SHOWN)
        if row.vector is not None
    ]
