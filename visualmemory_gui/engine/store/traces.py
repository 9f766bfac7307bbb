"""Where else the bytes of an exemplar stand: what forgetting must look for, and what others may keep."""

from __future__ import annotations

import os
from collections.abc import Collection

from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.pictures import TABLES
from visualmemory_gui.engine.store.rows import SELECT, Row, loaded


def copies(database: Database, ids: Collection[int]) -> set[tuple[str, str]]:
    """(sha256, file ending) of the image copies that ``ids`` have in the memory."""
    rows = [Row._make(row) for row in database.many(f"{SELECT} where e.id = ?", [(i,) for i in ids])]
    return {(row.sha256.hex(), row.copy) for row in rows if row.sha256 and row.copy}


def path_parts(database: Database, ids: Collection[int]) -> set[bytes]:
    """File names of the originals of ``ids``, and of the folders below their root."""
    found = database.many("select source from exemplars where id = ? and source is not null", [(i,) for i in ids])
    return {part for (source,) in found for part in os.fsencode(loaded(source)).split(b"/")}


def labels_of_nobody_else(database: Database, ids: Collection[int]) -> set[str]:
    """Labels that only exemplars among ``ids`` have."""
    wanted = set(ids)
    found: dict[str, set[int]] = {}
    numbers = {row[0] for row in database.many("select label_id from exemplars where id = ?", [(i,) for i in wanted])}
    sql = "select l.path, e.id from exemplars e join labels l on l.id = e.label_id where e.label_id = ?"
    for label, exemplar in database.many(sql, [(n,) for n in numbers]):
        found.setdefault(label, set()).add(exemplar)
    watched = _watched_beside(database, wanted)
    return {label for label, holders in found.items() if holders <= wanted and label not in watched}


def _watched_beside(database: Database, ids: set[int]) -> set[str]:
    """Labels that are expected of watched queries, but for those of the content of ``ids``: they go too."""
    found = database.rows("select l.path, w.content from labels l join watch w on w.label_id = l.id")
    if not found:
        return set()
    gone = {row[0] for row in database.many("select content from exemplars where id = ?", [(i,) for i in ids])}
    return {label for label, content in found if content not in gone}


def held(database: Database, piece: bytes) -> bool:
    """Whether a row of the memory holds ``piece`` as its own: a vector, a thumbnail, a path, a label, a note."""
    pictures = " or ".join(
        f"exists (select 1 from {table} where instr(thumbnail, ?1) or instr(vector, ?1))" for table in TABLES
    )
    sql = f"""select exists (select 1 from vectors where instr(vector, ?1))
        or exists (select 1 from thumbnails where instr(jpeg, ?1))
        or {pictures}
        or exists (select 1 from labels where instr(cast(path as blob), ?1))
        or exists (select 1 from roots where instr(cast(path as blob), ?1))
        or exists (select 1 from exemplars where instr(cast(source as blob), ?1)
                   or instr(cast(note as blob), ?1) or instr(cast(grp as blob), ?1))"""
    return bool(database.one(sql, (piece,))[0])


def all_copies(database: Database) -> list[tuple[str, str]]:
    """(sha256, file ending) of every image copy that an exemplar uses."""
    found = database.rows("select distinct sha256, copy from exemplars where copy is not null and sha256 is not null")
    return [(sha256.hex(), suffix) for sha256, suffix in found]
