"""What is decided: the vectors of images that are read now, and of exemplars that are here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine import arguments
from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.notebook import Thumbnails
from visualmemory_gui.engine.reading import PictureReader
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.types import F32, Decision, Picture

if TYPE_CHECKING:
    from visualmemory_gui.engine.reading import ImageLike


@dataclass(frozen=True, slots=True)
class Query:
    """One query: its vector (dim,), its content id, its thumbnail, and how many milliseconds each phase took."""

    vector: F32
    content: str | None
    thumbnail: bytes | None
    timings_ms: dict[str, float]

    def answered(self, decision: Decision, catalog: Catalog) -> Decision:
        """``decision`` with what this query knows beside its vector."""
        timings = {**self.timings_ms, **decision.timings_ms}
        return replace(decision, timings_ms=timings, thumbnails=Thumbnails(catalog, self.thumbnail))


def queries(reader: PictureReader, catalog: Catalog, images: Sequence[ImageLike | int]) -> list[Query]:
    """Images, and exemplars by their ids, as what is decided. Raises BadImage, UnknownExemplar, BadValue."""
    ids = {
        place: arguments.whole(one, "an id") for place, one in enumerate(images) if isinstance(one, int | np.integer)
    }
    started = perf_counter()
    read = reader.pictures([one for one in images if not isinstance(one, int | np.integer)])
    decode_ms = (perf_counter() - started) * 1e3 / max(len(read), 1)
    rest = iter(read)
    return [
        _of_exemplar(catalog, ids[place]) if place in ids else _of_image(reader, next(rest), decode_ms)
        for place in range(len(images))
    ]


def _of_exemplar(catalog: Catalog, exemplar: int) -> Query:
    [found] = catalog.get([exemplar])
    return Query(catalog.vectors([exemplar])[0], found.content, catalog.thumbnail(exemplar), {})


def _of_image(reader: PictureReader, read: Picture | BadImage, decode_ms: float) -> Query:
    if isinstance(read, BadImage):
        raise read
    started = perf_counter()
    vector = reader.embed([read])[0]  # alone: in company a vector moves in its last digit
    timings = {"decode": decode_ms, "encode": (perf_counter() - started) * 1e3}
    return Query(vector, read.content, read.thumbnail, timings)
