"""How the similarity of a query to its neighbours splits over the query's cells, and over theirs.

Exact for encoders that average over the image; others get a map of patch similarity, which is named as such.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from visualmemory_gui.engine.attribution import attribution as parts
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.encoders.base import SpatialEncoder
from visualmemory_gui.engine.errors import BadImage, BadValue, EncoderError
from visualmemory_gui.engine.images.geometry import inside, square_of
from visualmemory_gui.engine.memory.original_image import places
from visualmemory_gui.engine.types import F32, F64, Box, Decision, DecodedImage, Neighbour

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

Kind = Literal["attribution", "similarity"]
Square = tuple[float, float, float, float]
CAPTIONS: dict[Kind, str] = {
    "attribution": "How the similarity splits over the image; not a causal claim",
    "similarity": "How similar the patches are (similarity, not attribution); not a causal claim",
}
GONE = "the original is gone: its thumbnail was used instead"


@dataclass(frozen=True, slots=True)
class Seen:
    """An image and what its encoder sees where in it: ``cells`` (h, w, d) float32.

    ``square`` is where the cells lie over the image, in parts of its sides. ``note`` says if something other
    than the original was used.
    """

    cells: F32
    vector: F32
    square: Square
    thumbnail: bytes
    note: str = ""


@dataclass(frozen=True, slots=True)
class Splitting:
    """A map over the query and one over the neighbour's image, (h, w) float64 each.

    ``kind`` "attribution": ``query`` sums to ``total``, the cosine to ``neighbour``, or its lead over the cosine to
    ``minus`` where there is one; ``other`` sums to the cosine; ``pairs`` (h, w, h', w') do too. "similarity": the
    cosine of each patch to the most similar one, ``pairs`` those of all patches, and no sums.
    """

    kind: Kind
    neighbour: Neighbour
    minus: Neighbour | None
    seen: Seen
    seen_other: Seen
    query: F64
    other: F64
    pairs: F64
    total: float
    cosine: float

    @property
    def outside(self) -> float:
        """The part of ``query`` that lies outside the image, on the white of a letterbox."""
        beside = 1.0 - inside(self.seen.square, *self.query.shape)
        whole = float(np.abs(self.query).sum())
        return float(np.abs(self.query * beside).sum()) / whole if whole else 0.0


def look(memory: Memory, image: DecodedImage, *, vector: F32 | None = None, note: str = "") -> Seen:
    """What the memory's encoder sees where in the image; ``vector`` is its own, if known. Raises EncoderError."""
    encoder = memory.encoder
    if not isinstance(encoder, SpatialEncoder):
        raise EncoderError(f"the encoder {encoder.identity.name} cannot say what it sees where in an image")
    batch = image.pixels[None]
    cells = encoder.features(batch)[0]
    own = encoder.encode(batch)[0] if vector is None else vector
    square = square_of(encoder.geometry, *image.shape)
    return Seen(cells, own, square, image.thumbnail, note)


def look_at_exemplar(memory: Memory, exemplar: int) -> Seen:
    """The exemplar's image, decoded again, or its thumbnail if the image can no longer be read. Raises BadImage."""
    [row] = memory.catalog.get([exemplar])
    for path in places(memory, row.sha256, row.source):
        try:
            image = memory.decode(path, row.box)
        except (BadImage, BadValue):  # BadValue: the file changed, and the box no longer fits
            continue
        if image.sha256 == row.sha256:
            return look(memory, image, vector=memory.catalog.vectors([exemplar])[0])
    thumbnail = memory.catalog.thumbnail(exemplar)
    if thumbnail is None:
        raise BadImage(f"exemplar {exemplar}", "its image cannot be read and it has no thumbnail")
    return look_at_thumbnail(memory, thumbnail)


def look_again(
    memory: Memory,
    *,
    source: str | None,
    content: str | None,
    vector: F32,
    thumbnail: bytes | None,
    box: Box | None = None,
) -> Seen:
    """The image of an earlier query, or the part ``box`` of it: its file, if unchanged, else its thumbnail.

    Raises BadImage.
    """
    if source is not None:
        try:
            image = memory.decode(source, box)
        except (BadImage, BadValue):
            image = None
        if image is not None and image.content == content:
            return look(memory, image, vector=vector)
    if thumbnail is None:
        raise BadImage("image", "it was not kept, and it has no thumbnail")
    return look_at_thumbnail(memory, thumbnail)


def look_at_thumbnail(memory: Memory, thumbnail: bytes) -> Seen:
    """What the encoder sees in a thumbnail, with a note that the original is gone."""
    return look(memory, memory.decode(Image.open(BytesIO(thumbnail))), note=GONE)


def default_pair(decision: Decision) -> tuple[Neighbour, Neighbour | None]:
    """The winner's nearest neighbour that votes, and the runner-up's, if there is one. Raises BadValue."""
    first: dict[str, Neighbour] = {}
    for neighbour in decision.voters:
        first.setdefault(at_level(neighbour.label, decision.level), neighbour)
    ranked = [label for label in decision.shares if label in first]
    if not ranked:
        raise BadValue("nothing to compare with: no neighbour has a vote")
    return first[ranked[0]], first[ranked[1]] if len(ranked) > 1 else None


def split(
    query: Seen, other: Seen, neighbour: Neighbour, *, minus: tuple[Neighbour, Seen, F32] | None, vector: F32
) -> Splitting:
    """How the similarity of ``query`` to ``neighbour`` splits; ``vector`` is the neighbour's in the memory.

    ``minus`` is a neighbour to compare it with, what is seen of it, and its vector.
    """
    exact = parts.is_pooled(query.cells, query.vector)
    cosine = float(query.vector.astype(np.float64) @ vector.astype(np.float64))
    against = minus[0] if minus else None
    if exact:
        lead = vector - minus[2] if minus else vector
        pairs = parts.point_to_point(query.cells, other.cells)
        total = float(query.vector.astype(np.float64) @ lead.astype(np.float64))
        maps = parts.attribution(query.cells, lead), pairs.sum(axis=(0, 1))
        return Splitting("attribution", neighbour, against, query, other, *maps, pairs, total, cosine)
    pairs = parts.patch_similarity(query.cells, other.cells)
    here, there = pairs.max(axis=(2, 3)), pairs.max(axis=(0, 1))
    if minus:
        here = here - parts.patch_similarity(query.cells, minus[1].cells).max(axis=(2, 3))
    return Splitting("similarity", neighbour, against, query, other, here, there, pairs, float(here.mean()), cosine)


def attribute(
    memory: Memory,
    query: Seen,
    decision: Decision,
    *,
    neighbour: int | None = None,
    see: Callable[[int], Seen] | None = None,
) -> Splitting:
    """The map of one decision: of the winner's neighbour against the runner-up's, or of ``neighbour`` alone.

    ``see(exemplar)`` returns what is seen of an exemplar's image, for callers that cache it. Raises BadValue,
    UnknownExemplar, BadImage, EncoderError.
    """
    looked: Callable[[int], Seen] = see or partial(look_at_exemplar, memory)
    if neighbour is None:
        one, minus = default_pair(decision)
    else:
        one, minus = neighbour_of(memory, decision, query.vector, neighbour), None
    vectors = memory.catalog.vectors([one.id, *([minus.id] if minus else [])])
    against = (minus, looked(minus.id), vectors[1]) if minus else None
    return split(query, looked(one.id), one, minus=against, vector=vectors[0])


def neighbour_of(memory: Memory, decision: Decision, vector: F32, exemplar: int) -> Neighbour:
    """``exemplar`` among the neighbours of the decision; any other exemplar as one without a vote."""
    for neighbour in decision.neighbours:
        if neighbour.id == exemplar:
            return neighbour
    [row] = memory.catalog.get([exemplar])
    cosine = float(vector.astype(np.float64) @ memory.catalog.vectors([exemplar])[0].astype(np.float64))
    return Neighbour(exemplar, 0, row.label, min(max(1.0 - cosine, 0.0), 2.0), 0.0, 0.0)
