"""The queries decided last, so that the window can show them again."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.rows import loaded, stored
from visualmemory_gui.engine.types import F32

KEPT = 200


@dataclass(frozen=True, slots=True)
class Query:
    """``content`` and ``sha256`` are hex, ``thumbnail`` a JPEG, ``vector`` (dim,) float32; ``time`` in seconds."""

    id: int
    source: str | None
    content: str
    sha256: str | None
    thumbnail: bytes | None
    vector: F32 | None
    time: float


class Queries:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        source: str | None,
        content: str,
        *,
        sha256: str | None = None,
        thumbnail: bytes | None = None,
        vector: F32 | None = None,
    ) -> None:
        """Put a query first. The same picture asked again moves to the front; the oldest above ``KEPT`` go."""
        row = (
            None if source is None else stored(source),
            bytes.fromhex(content),
            bytes.fromhex(sha256) if sha256 else None,
            thumbnail,
            None if vector is None else vector.astype("<f4", copy=False).tobytes(),
            time.time(),
        )
        with self._database.atomic():
            self.remove_content(content)
            self._database.execute(
                """insert into queries (source, content, sha256, thumbnail, vector, time, checksum)
                   values (?1, ?2, ?3, ?4, ?5, ?6, seal(?1, ?2, ?3, ?4, ?5, ?6))""",
                row,
            )
            self._database.execute(
                "delete from queries where id <= (select id from queries order by id desc limit 1 offset ?)", (KEPT,)
            )

    def recent(self, n: int = KEPT) -> list[Query]:
        """The last ``n``, newest first."""
        sql = "select id, source, content, sha256, thumbnail, vector, time from queries order by id desc limit ?"
        return [_query(*row) for row in self._database.rows(sql, (n,))]

    def remove_content(self, content: str) -> None:
        """Delete the query of this content id (hex), if it is here."""
        with self._database.atomic():
            self._database.execute("delete from queries where content = ?", (bytes.fromhex(content),))

    def clear(self) -> None:
        self._database.execute("delete from queries")


def _query(
    number: int,
    source: str | bytes | None,
    content: bytes,
    sha256: bytes | None,
    thumbnail: bytes | None,
    vector: bytes | None,
    moment: float,
) -> Query:
    return Query(
        id=number,
        source=None if source is None else loaded(source),
        content=content.hex(),
        sha256=sha256.hex() if sha256 else None,
        thumbnail=thumbnail,
        vector=None if vector is None else np.frombuffer(vector, "<f4").astype(np.float32),
        time=moment,
    )
