"""Where the originals lie: a root and a path relative to it, so that a moved folder is one change."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from visualmemory_gui.engine.errors import UnknownExemplar
from visualmemory_gui.engine.store import row_rewrite
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.exemplar_row import StoredPath, loaded, stored
from visualmemory_gui.engine.store.row_rewrite import Change
from visualmemory_gui.engine.store.writer import Writer
from visualmemory_gui.engine.types import Box

AT_ONCE = 4096  # rows
ImageKey = tuple[str, Box | None]
"""What an image is known by: the sha256 (hex) of its file, and which part of it."""


class ImagePlace(NamedTuple):
    """An image, and where its file was. ``key`` is None where it was not read from one."""

    key: ImageKey | None
    source: str | None


class Roots:
    """Splits sources into root and rest within one transaction. ``common`` is the root of those that lie below it."""

    def __init__(self, database: Database, common: str | None) -> None:
        self._database = database
        self._common = os.path.abspath(common) if common else None  # noqa: PTH100 - keeps odd characters as they are
        self._numbers: dict[StoredPath, int] = {}

    def split(self, source: str | None) -> tuple[int | None, StoredPath | None, StoredPath | None]:
        """Root's number, root, and the path relative to it; all None without a source."""
        if source is None:
            return None, None, None
        if self._common is not None and below(source, self._common):
            root, rest = self._common, os.path.relpath(source, self._common)
        else:
            root, rest = os.path.split(source)
        path = stored(root)
        return self._number(path), path, stored(rest)

    def _number(self, path: StoredPath) -> int:
        if path not in self._numbers:
            found = self._database.maybe("select id from roots where path = ?", (path,))
            if found is None:
                found = self._database.one("insert into roots (path) values (?) returning id", (path,))
            self._numbers[path] = int(found[0])
        return self._numbers[path]


def below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


def ids_at(database: Database, path: str) -> list[int]:
    """Ids, increasing, of exemplars whose original is ``path`` or lies in it."""
    path = os.path.abspath(path)  # noqa: PTH100 - text in, text out
    ids: list[int] = []
    for number, stored_root in database.rows("select id, path from roots"):
        root = loaded(stored_root)
        if root == path or below(root, path):
            ids += [row[0] for row in database.rows("select id from exemplars where root_id = ?", (number,))]
        elif below(path, root):
            rest = os.path.relpath(path, root)
            found = database.rows("select id, source from exemplars where root_id = ?", (number,))
            ids += [i for i, source in found if loaded(source) == rest or below(loaded(source), rest)]
    return sorted(ids)


def count_below(database: Database, root: str) -> int:
    """The number of exemplars that came from an import of the folder ``root``, without withdrawn ones."""
    sql = """select count(*) from exemplars e join roots r on r.id = e.root_id where r.path = ? and not e.withdrawn"""
    return int(database.one(sql, (stored(root),))[0])


_LINKED = "e.copy is null and e.root_id is not null and not e.withdrawn"


def count_linked(database: Database) -> int:
    """The number of exemplars of which the memory keeps no copy, without withdrawn ones."""
    return int(database.one(f"select count(*) from exemplars e where {_LINKED}")[0])


def linked(database: Database) -> Iterator[tuple[str, str, int]]:
    """Root, absolute path and id of each of them, by id; a few thousand rows are in memory at a time."""
    sql = f"""select r.path, e.source, e.id from exemplars e join roots r on r.id = e.root_id
        where e.id > ? and {_LINKED} order by e.id limit {AT_ONCE}"""
    last = 0
    while found := database.rows(sql, (last,)):
        for stored_root, stored_rest, number in found:
            root, rest = loaded(stored_root), loaded(stored_rest)
            yield root, os.path.join(root, rest), number  # noqa: PTH118 - text in, text out
        last = found[-1][2]


def relink(database: Database, writer: Writer, moved: Mapping[int, str], *, root: str | None) -> None:
    """Store the new absolute path of each exemplar in ``moved``. Raises UnknownExemplar, DamagedMemory."""
    roots = Roots(database, root)
    rows = row_rewrite.read(database, "e.id = ?", [(i,) for i in moved])
    if len(rows) != len(moved):
        raise UnknownExemplar(sorted(set(moved) - {found.row.id for found in rows}))
    row_rewrite.require_whole(database, rows)
    changes: list[Change] = []
    for found in rows:
        if found.row.path == (path := moved[found.row.id]):
            continue
        root_id, root_path, source = roots.split(path)
        new = found.row._replace(root=root_path, source=source, change=writer.change)
        changes.append(Change(found, new, (root_id, source)))
    row_rewrite.rewrite(database, writer, ("root_id", "source"), changes)
    if changes:
        drop_unused_roots(database)


def drop_unused_roots(database: Database) -> None:
    database.execute("delete from roots where not exists (select 1 from exemplars where exemplars.root_id = roots.id)")
