"""The most recent queries, so that the window can show them again."""

from __future__ import annotations

from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.kept_images import KeptImage, NewKeptImage, columns, kept
from visualmemory_gui.engine.store.sealed_table import QUERIES
from visualmemory_gui.engine.types import F32, Box

KEPT = 200


class RecentQueries:
    """The last queries that were decided, each content once, to be decided again without the encoder."""

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
        box: Box | None = None,
        original: str | None = None,
    ) -> None:
        """Put a query first. An image asked again moves to the front; the oldest beyond ``KEPT`` are dropped."""
        with self._database.atomic():
            self.remove_content(content)
            image = NewKeptImage(content, source, sha256, thumbnail, vector, box, original)
            QUERIES.insert(self._database, [image.columns()])
            beyond = "id <= (select id from queries order by id desc limit 1 offset ?)"
            QUERIES.delete(self._database, beyond, [(KEPT,)])

    def recent(self, n: int = KEPT) -> list[KeptImage]:
        """The last ``n``, newest first."""
        wanted = columns(self._database, "queries")
        found = self._database.rows(f"select {wanted} from queries order by id desc limit ?", (n,))
        return kept(self._database, found)

    def remove_content(self, content: str) -> None:
        """Delete the query of this content id (hex), if there is one."""
        with self._database.atomic():
            QUERIES.delete(self._database, "content = ?", [(bytes.fromhex(content),)])

    def clear(self) -> None:
        with self._database.atomic():
            QUERIES.delete(self._database, "true")
