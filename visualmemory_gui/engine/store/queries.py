"""The queries decided last, so that the window can show them again."""

from __future__ import annotations

from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.pictures import COLUMNS, KeptPicture, NewPicture, kept
from visualmemory_gui.engine.types import F32

KEPT = 200


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
        with self._database.atomic():
            self.remove_content(content)
            self._database.execute(
                """insert into queries (source, content, sha256, thumbnail, vector, time, checksum)
                   values (?1, ?2, ?3, ?4, ?5, ?6, seal(?1, ?2, ?3, ?4, ?5, ?6))""",
                NewPicture(content, source, sha256, thumbnail, vector).columns(),
            )
            self._database.execute(
                "delete from queries where id <= (select id from queries order by id desc limit 1 offset ?)", (KEPT,)
            )

    def recent(self, n: int = KEPT) -> list[KeptPicture]:
        """The last ``n``, newest first."""
        found = self._database.rows(f"select {COLUMNS} from queries order by id desc limit ?", (n,))
        return [kept(row) for row in found]

    def remove_content(self, content: str) -> None:
        """Delete the query of this content id (hex), if it is here."""
        with self._database.atomic():
            self._database.execute("delete from queries where content = ?", (bytes.fromhex(content),))

    def clear(self) -> None:
        self._database.execute("delete from queries")
