"""Queries: the vectors of images that are read now, and of exemplars in the memory."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from visualmemory_gui.engine import arguments
from visualmemory_gui.engine.errors import BadImage, BadValue, VisualMemoryError
from visualmemory_gui.engine.memory.classifier import ContentIds
from visualmemory_gui.engine.memory.image_reader import ImageReader
from visualmemory_gui.engine.types import F32, I64, Box, Decision, DecodedImage, Exemplar

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.image_reader import ImageLike


T = TypeVar("T")


class QueryExemplars(Protocol):
    """What a query asks of the exemplars of a memory."""

    def get(self, ids: Iterable[int]) -> list[Exemplar]: ...

    def by_content(self, content: str) -> list[Exemplar]: ...

    def thumbnails(self, ids: Iterable[int]) -> dict[int, bytes]: ...

    def vectors(self, ids: I64 | Sequence[int]) -> F32: ...


class Images:
    """The images of a decision: its query's, a JPEG or an exemplar's id, and those of the exemplars of a catalog.

    The catalog is not kept alive, and what was forgotten since is not found. Copies and pickles have no images.
    """

    def __init__(self, catalog: QueryExemplars, query: bytes | int | None = None) -> None:
        self._catalog = weakref.ref(catalog)
        self._query = query

    @property
    def query(self) -> bytes | None:
        """The query's JPEG, if it has one."""
        return self.of([self._query]).get(self._query) if isinstance(self._query, int) else self._query

    def of(self, ids: Sequence[int]) -> Mapping[int, bytes]:
        """JPEGs of those among ``ids`` that have one; none once the memory is closed."""
        catalog = self._catalog()
        try:
            return {} if catalog is None else catalog.thumbnails(ids)
        except VisualMemoryError:
            return {}

    def __reduce__(self) -> tuple[object, ...]:
        return type(None), ()


@dataclass(frozen=True, slots=True)
class EmbeddedQuery:
    """One query: its vector (dim,), its content id, and how many milliseconds each phase took.

    ``shown`` is its thumbnail; for an exemplar, whose thumbnail may be forgotten, its id; or None. ``box`` is the part
    of its image that it is, if it is not the whole, whose content id is ``original``.
    """

    vector: F32
    content: str | None
    shown: bytes | int | None
    timings_ms: dict[str, float]
    box: Box | None = None
    original: str | None = None

    @property
    def image(self) -> ContentIds:
        return ContentIds(self.content, self.original)

    def answered(self, decision: Decision, catalog: QueryExemplars) -> Decision:
        """``decision`` with this query's timings and thumbnail, and the exemplars of its content."""
        timings = {**self.timings_ms, **decision.timings_ms}
        here = tuple(catalog.by_content(self.content)) if self.content else ()
        return replace(
            decision, timings_ms=timings, in_memory=here, thumbnails=Images(catalog, self.shown), box=self.box
        )


def queries(
    reader: ImageReader, catalog: QueryExemplars, images: Sequence[ImageLike | int], box: Box | None = None
) -> list[EmbeddedQuery | BadImage]:
    """Images or the part ``box`` of each, and exemplars by id, as queries, in order.

    An image that cannot be used becomes the BadImage that says why. Raises UnknownExemplar, BadValue, EncoderError.
    """
    ids = {
        place: arguments.whole(one, "an id") for place, one in enumerate(images) if isinstance(one, int | np.integer)
    }
    if ids and box is not None:
        raise BadValue("an exemplar is decided as it is: for a part of its image, give the image")
    started = perf_counter()
    read = reader.decode_many([one for one in images if not isinstance(one, int | np.integer)], box)
    decode_ms = (perf_counter() - started) * 1e3 / max(len(read), 1)
    rest = iter(read)
    return [
        _of_exemplar(catalog, ids[place]) if place in ids else _of_image(reader, next(rest), decode_ms)
        for place in range(len(images))
    ]


def good(found: T | BadImage) -> T:
    """What was found. Raises it if it is a BadImage."""
    if isinstance(found, BadImage):
        raise found
    return found


def _of_exemplar(catalog: QueryExemplars, exemplar: int) -> EmbeddedQuery:
    [found] = catalog.get([exemplar])
    return EmbeddedQuery(catalog.vectors([exemplar])[0], found.content, exemplar, {}, found.box, found.original)


def _of_image(reader: ImageReader, read: DecodedImage | BadImage, decode_ms: float) -> EmbeddedQuery | BadImage:
    if isinstance(read, BadImage):
        return read
    started = perf_counter()
    vector = reader.embed([read])[0]  # alone: in a batch a vector changes in its last digit
    timings = {"decode": decode_ms, "encode": (perf_counter() - started) * 1e3}
    return EmbeddedQuery(vector, read.content, read.thumbnail, timings, read.box, read.original)
