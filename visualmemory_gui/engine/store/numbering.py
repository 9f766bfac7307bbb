"""Numbers that are used only once: AUTOINCREMENT keeps the last one of each table, even when its row is deleted."""

from __future__ import annotations

from visualmemory_gui.engine.errors import DamagedMemory, StorageError
from visualmemory_gui.engine.store.database import LARGEST, RESTORE, Database


def last_number(database: Database, table: str) -> int:
    """The highest number that a row of ``table`` ever had, 0 when there was none. Raises DamagedMemory."""
    found = database.maybe("select seq from sqlite_sequence where name = ?", (table,))
    number = 0 if found is None else found[0]
    if type(number) is not int or number < 0:
        raise DamagedMemory(f"{database.path} is damaged: the last number used for {table} is missing. {RESTORE}")
    return number


def next_numbers(database: Database, table: str, count: int) -> int:
    """The first of the next ``count`` numbers, one after the other. Raises StorageError when too few are left."""
    last = last_number(database, table)
    if last > LARGEST - count:
        raise StorageError(
            f"{database.path} has no number left for more {table}; nothing was changed. "
            "Export the memory, and import it into a new one."
        )
    return last + 1
