"""What a stranger can do to a memory's file: any SQL, past the product and past SQLite's own guards."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import apsw

from visualmemory_gui.engine.store import tables
from visualmemory_gui.engine.store.checksum import seal
from visualmemory_gui.engine.store.database import FILE

_LOOSE = ("foreign_keys=off", "ignore_check_constraints=on", "writable_schema=on", "recursive_triggers=off")
_META = "encoder, dim, weights_sha256, preprocess, change, count, digest, tables"


def raw(folder: Path) -> apsw.Connection:
    """A connection to the memory's file that accepts what the product refuses; ``seal`` is there. Close it."""
    connection = apsw.Connection(str(folder / FILE))
    connection.create_scalar_function("seal", seal, deterministic=True)
    for pragma in _LOOSE:
        connection.execute(f"pragma {pragma}").fetchall()
    return connection


def plant(folder: Path, *sql: str) -> None:
    """Run each statement of ``sql`` on the memory in ``folder``, which nobody has open; all rows are passed over."""
    with closing(raw(folder)) as connection:
        for statement in sql:
            connection.execute(statement).fetchall()


def reseal(folder: Path) -> None:
    """Make the checksum of ``meta`` fit what stands in it, as a stranger would who knows the product."""
    plant(folder, f"update meta set checksum = seal({_META})")


def age(folder: Path, version: int) -> None:
    """Make the memory in ``folder`` one of format ``version``, as an older product left it."""
    columns = "id, encoder, dim, weights_sha256, preprocess, change, count, digest"
    since_2 = [statement.split()[2] for statement in tables.SINCE_FORMAT_2 if statement.startswith("create table")]
    plant(
        folder,
        *(f"drop table {name}" for name in since_2 if version < 2),
        f"create temp table was as select {columns}, seal({columns.removeprefix('id, ')}) from meta",
        "drop table meta",
        tables.META_BEFORE_3,
        "insert into meta select * from was",
        f"pragma user_version={version}",
    )
