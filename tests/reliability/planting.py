"""What a stranger can do to a memory's file: any SQL, past the product and past SQLite's own guards."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import apsw

from visualmemory_gui.engine.store import ledger, tables
from visualmemory_gui.engine.store.checksum import added, seal
from visualmemory_gui.engine.store.database import FILE
from visualmemory_gui.engine.store.exemplar_row import Row, select_parts
from visualmemory_gui.engine.store.sealed_table import SEALED

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


def plant_value(folder: Path, table: str, column: str, value: str, *, fit: bool = False) -> bool:
    """Put ``value`` (in SQL) of any kind into ``column`` of the first row of ``table``; False where SQLite cannot hold
    it there at all. ``fit``: the checksums are made to fit.
    """
    with closing(raw(folder)) as connection:
        [(strict,)] = connection.execute("select sql from sqlite_master where name = ?", (table,)).fetchall()
    loose = strict.replace(" strict, without rowid", " without rowid").removesuffix(" strict").replace(" not null", "")
    _rebuild_as(folder, table, loose)
    try:
        with closing(raw(folder)) as connection:
            key = "name" if table in ("settings", "tags") else "step + exemplar" if table == "entries" else "rowid"
            first = f"select {key} from {table} order by 1 limit 1"
            connection.execute(f"update {table} set {column} = {value} where {key} = ({first})")
        if fit:
            reseal(folder)
    except (apsw.ConstraintError, apsw.MismatchError, UnicodeDecodeError):
        return False
    finally:
        _rebuild_as(folder, table, strict)
    return True


def _rebuild_as(folder: Path, table: str, sql: str) -> None:
    """Let the schema say that ``table`` was made by ``sql``; its rows stay as they are."""
    with closing(raw(folder)) as connection:
        connection.execute("update sqlite_master set sql = ? where name = ? and type = 'table'", (sql, table))
        version = connection.execute("pragma schema_version").fetchone()[0]
        connection.execute(f"pragma schema_version={version + 1}")


def reseal(folder: Path) -> None:
    """Make every checksum and tally fit what stands in the rows, as a stranger would who knows the product."""
    with closing(raw(folder)) as connection:
        for table in SEALED:
            connection.execute(f"update {table.name} set checksum = {table.seal_sql(has_parts=True)}")
        for row in map(Row._make, connection.execute(select_parts(has_parts=True)).fetchall()):
            connection.execute("update exemplars set checksum = ? where id = ?", (row.checksum, row.id))
        tallies = {name: _tally(connection, name) for name in (*(table.name for table in SEALED), "exemplars")}
        own = tallies.pop("exemplars")
        columns = (ledger.as_json(tallies), *own)
        connection.execute("update meta set tables = ?, count = ?, digest = ?", columns)
        connection.execute(f"update meta set checksum = seal({_META})")


def _tally(connection: apsw.Connection, table: str) -> ledger.Tally:
    found = [row[0] for row in connection.execute(f"select checksum from {table}").fetchall()]
    return ledger.Tally(len(found), added(0, *(number for number in found if isinstance(number, int))))


def _without_parts(folder: Path) -> None:
    """Take away what format 4 added; no exemplar may be a part."""
    for table in tables.WITH_PARTS:
        plant(
            folder,
            f"drop index {table}_original",
            *(f"alter table {table} drop column {column}" for column in reversed(tables.PART)),
        )


def age(folder: Path, version: int) -> None:
    """Make the memory in ``folder`` one of format ``version``, as an older product left it."""
    plant(folder, "drop table projection")
    if version == 4:
        plant(folder, "pragma user_version=4")
        return
    columns = "id, encoder, dim, weights_sha256, preprocess, change, count, digest"
    since_2 = [statement.split()[2] for statement in tables.SINCE_FORMAT_2 if statement.startswith("create table")]
    _without_parts(folder)
    if version == 3:
        plant(folder, "pragma user_version=3")
        return
    plant(
        folder,
        *(f"drop table {name}" for name in since_2 if version < 2),
        f"create temp table was as select {columns}, seal({columns.removeprefix('id, ')}) from meta",
        "drop table meta",
        tables.META_BEFORE_3,
        "insert into meta select * from was",
        f"pragma user_version={version}",
    )
