"""Images that are kept without being exemplars: recent queries, the teaching queue, the watch set."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.exemplar_row import StoredPath, loaded, stored, stored_box
from visualmemory_gui.engine.store.sealed_table import QUERIES, QUEUE, WATCH, SealedTable
from visualmemory_gui.engine.store.sources import ImagePlace
from visualmemory_gui.engine.store.tables import PART
from visualmemory_gui.engine.store.vectors import dim_of, loaded_vectors
from visualmemory_gui.engine.types import F32, LARGEST_SIDE, Box, DecodedImage

_COLUMNS = ("id", "source", "content", "sha256", "thumbnail", "vector", "time")
TABLES = (QUERIES, QUEUE, WATCH)
"""Every table of this kind. Forgetting an exemplar takes the rows of its content out of all of them."""


def columns(database: Database, table: str) -> str:
    """What ``kept`` needs of the rows of ``table``; also in a memory of before there were parts."""
    names = ", ".join(f"{table}.{name}" for name in (*_COLUMNS, *(PART if database.has_parts else ())))
    return names if database.has_parts else f"{names}, null, null"


@dataclass(frozen=True, slots=True)
class KeptImage:
    """``content`` and ``sha256`` are hex, ``thumbnail`` is a JPEG, ``vector`` (dim,) float32, ``time`` in seconds.

    ``box`` and ``original`` are those of a part, as in ``DecodedImage``.
    """

    id: int
    source: str | None
    content: str
    sha256: str | None
    thumbnail: bytes | None
    vector: F32 | None
    time: float
    box: Box | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True)
class NewKeptImage:
    """An image on its way into one of the tables; the fields are those of ``KeptImage``."""

    content: str
    source: str | None = None
    sha256: str | None = None
    thumbnail: bytes | None = None
    vector: F32 | None = None
    box: Box | None = None
    original: str | None = None

    @classmethod
    def of(cls, image: DecodedImage, vector: F32) -> NewKeptImage:
        return cls(image.content, image.source, image.sha256, image.thumbnail, vector, image.box, image.original)

    def columns(self, *more: object) -> tuple[Any, ...]:
        """source, content, sha256, thumbnail, vector, time, ``more``, box, original: as SQLite keeps them. The time is
        now."""
        return (
            None if self.source is None else stored(self.source),
            bytes.fromhex(self.content),
            bytes.fromhex(self.sha256) if self.sha256 else None,
            self.thumbnail,
            None if self.vector is None else self.vector.astype("<f4", copy=False).tobytes(),
            time.time(),
            *more,
            None if self.box is None else str(self.box),
            bytes.fromhex(self.original) if self.original else None,
        )


def kept(database: Database, rows: Iterable[tuple[Any, ...]]) -> list[KeptImage]:
    """The images in rows of ``columns``. Raises DamagedMemory."""
    dim = dim_of(database)
    return [_kept(database, row, dim) for row in rows]


def _kept(database: Database, row: tuple[Any, ...], dim: int) -> KeptImage:
    number, source, content, sha256, thumbnail, vector, moment, box, original = row
    return KeptImage(
        id=number,
        source=None if source is None else loaded(source),
        content=content.hex(),
        sha256=sha256.hex() if sha256 else None,
        thumbnail=thumbnail,
        vector=None if vector is None else loaded_vectors(database, [vector], dim)[0],
        time=moment,
        box=stored_box(box, f"the kept image {number}", _UNKNOWN_SIZE),
        original=original.hex() if original else None,
    )


_UNKNOWN_SIZE = LARGEST_SIDE, LARGEST_SIDE


def places(database: Database, table: SealedTable) -> list[tuple[int, ImagePlace]]:
    """Of each image in ``table`` that has a vector its id, and where its file was. Raises DamagedMemory."""
    box = "box" if database.has_parts else "null"
    found = database.rows(f"select id, sha256, {box}, source from {table.name} where vector is not null order by id")
    return [(number, _place(number, *row)) for number, *row in found]


def _place(number: int, sha256: bytes | None, box: str | None, source: StoredPath | None) -> ImagePlace:
    part = stored_box(box, f"the kept image {number}", _UNKNOWN_SIZE)
    return ImagePlace((sha256.hex(), part) if sha256 else None, None if source is None else loaded(source))


def forget_contents(database: Database, contents: Iterable[bytes]) -> None:
    """Take the images of these contents out of every table, and the parts of such images."""
    wanted = [(content,) for content in contents]
    for table in TABLES:
        table.delete(database, "content = ?1 or original = ?1", wanted)
