"""The teaching queue on disk: images without a label that wait to be taught, in order of arrival."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.kept_images import KeptImage, NewKeptImage, columns, kept
from visualmemory_gui.engine.store.sealed_table import QUEUE
from visualmemory_gui.engine.store.vectors import dim_of, loaded_vectors
from visualmemory_gui.engine.types import F32, I64


@dataclass(frozen=True, slots=True)
class Queued:
    """An image in the queue. ``width`` and ``height`` are the original's, ``suffix`` its usual file ending."""

    image: KeptImage
    width: int
    height: int
    suffix: str


@dataclass(frozen=True, slots=True)
class NewQueued:
    """An image on its way into the queue."""

    image: NewKeptImage
    width: int = 0
    height: int = 0
    suffix: str = ""

    def columns(self) -> tuple[object, ...]:
        return self.image.columns(self.width, self.height, self.suffix)


class Fact(NamedTuple):
    """What decisions need of an image in the queue besides its vector: ``source`` as stored, content ids as bytes."""

    id: int
    source: str | bytes | None
    content: bytes
    original: bytes | None


class QueueRows:
    """Rows keep their id for good; every method is one transaction and may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __len__(self) -> int:
        return int(self._database.one("select count(*) from queue")[0])

    def add(self, new: Sequence[NewQueued]) -> list[int]:
        """Put images at the end, but for those whose content is queued already; returns the ids of the others."""
        with self._database.atomic():
            rows = [one.columns() for one in new]
            return [key[0] for key in QUEUE.insert_new(self._database, rows)]

    def ids(self) -> I64:
        """Ids of all images, (n,), in order of arrival."""
        return np.array([row[0] for row in self._database.rows("select id from queue order by id")], np.int64)

    def facts(self, *, after: int = 0) -> list[Fact]:
        """Those of every image behind ``after``, in order of arrival."""
        # From their index: in the rows they lie behind the blobs, which would all be read for them.
        parts = "select id, original from queue where original is not null and id > ?"
        originals: dict[int, bytes] = dict(self._database.rows(parts, (after,))) if self._database.has_parts else {}
        found = self._database.rows("select id, source, content from queue where id > ? order by id", (after,))
        return [Fact(number, source, content, originals.get(number)) for number, source, content in found]

    def get(self, ids: Iterable[int]) -> list[Queued]:
        """The images ``ids`` in their order. Raises BadValue for one that is not queued."""
        wanted = [int(i) for i in ids]
        sql = f"select {columns(self._database, 'queue')}, width, height, suffix from queue where id = ?"
        found = self._database.many(sql, [(i,) for i in wanted])
        if len(found) != len(wanted):
            raise BadValue("one of these images is no longer in the queue")
        images = kept(self._database, [row[:-3] for row in found])
        return [Queued(image, *row[-3:]) for image, row in zip(images, found, strict=True)]

    def vectors(self, ids: Iterable[int]) -> F32:
        """(n, dim) float32: the vectors of ``ids`` in their order; ids that are not queued are left out."""
        found = self._database.many("select vector from queue where id = ?", [(int(i),) for i in ids])
        return loaded_vectors(self._database, [row[0] for row in found], dim_of(self._database))

    def thumbnails(self, ids: Iterable[int]) -> dict[int, bytes]:
        """JPEGs of those among ``ids`` that have one."""
        found = self._database.many("select id, thumbnail from queue where id = ?", [(int(i),) for i in ids])
        return {row[0]: row[1] for row in found if row[1] is not None}

    def remove(self, ids: Iterable[int]) -> None:
        with self._database.atomic():
            QUEUE.delete(self._database, "id = ?", [(int(i),) for i in ids])

    def clear(self) -> None:
        with self._database.atomic():
            QUEUE.delete(self._database, "true")
