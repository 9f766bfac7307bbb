"""Taking back one earlier step while later ones stay: only what has not been changed since."""

from __future__ import annotations

from visualmemory_gui.engine.store import entries
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.writer import Field, Value, Writer

_COLUMN: dict[Field, str] = {
    "withdrawn": "withdrawn",
    "struck": "struck",
    "label": "label_id",
    "trust": "trust",
    "derived": "derived",
}


def take_back(database: Database, catalog: Catalog, writer: Writer, number: int) -> tuple[int, ...]:
    """Bring every field that step ``number`` changed back to what it was, as part of the open step of ``writer``.

    Exemplars in which such a field was changed since are left alone; their ids are returned, increasing.
    """
    wanted: dict[Field, list[tuple[int, Value]]] = {}
    left: set[int] = set()
    for exemplar, field, before, after in entries.of_step(database, number):
        now = database.one(f"select {_COLUMN[field]} from exemplars where id = ?", (exemplar,))[0]
        if now == after:
            wanted.setdefault(field, []).append((exemplar, before))
        else:
            left.add(exemplar)
    for field, values in wanted.items():
        writer.record(catalog.write(writer, field, values))
    return tuple(sorted(left))
