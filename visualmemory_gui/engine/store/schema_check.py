"""Does the database have the schema of a memory? A stranger's file may hold views and triggers that run its own SQL.

SQLite obeys whatever ``sqlite_master`` holds: a view in place of a table runs its query at each read, a trigger runs
with each edit, a column may be computed. So every object is compared, word by word, with what the format of the memory
has, before a statement touches a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.store import tables
from visualmemory_gui.engine.store.database import RESTORE, Database

_LONGEST = 2000  # characters of an object's text and objects of a memory: more are never read
_MOST = 100
_SEQUENCE = "CREATE TABLE sqlite_sequence(name,seq)"


def require(database: Database, version: int) -> None:
    """Raise DamagedMemory, naming what is foreign, changed or missing, where this is not a memory of ``version``."""
    if found := next(differences(database, version), None):
        raise DamagedMemory(f"{database.path} is damaged: {found}. {RESTORE}")


def differences(database: Database, version: int) -> Iterator[str]:
    """Objects in ``sqlite_master`` that are foreign to format ``version``, differ from it or are missing."""
    if database.one("pragma encoding")[0] != "UTF-8":  # what is forgotten is looked for as UTF-8
        yield "its texts are not stored as UTF-8"
    sql = f"select type, substr(name, 1, {_LONGEST}), substr(sql, 1, {_LONGEST}) from sqlite_master limit {_MOST}"
    expected, there = _expected(version), set[tuple[str, str]]()
    for kind, name, text in database.rows(sql):
        words = None if text is None else _words(str(text))
        there.add((kind, name))
        if (kind, name) in expected:
            if expected[kind, name] != words:
                yield f"the {kind} {name!r} differs from that of a memory"
        elif version >= 3 or words != _written(tables.INDEX_OF_OLD):
            yield f"the {kind} {name!r} does not belong to a memory"
    for kind, name in expected.keys() - there:
        yield f"the {kind} {name!r} is missing"


@cache
def _expected(version: int) -> dict[tuple[str, str], str | None]:
    """Kind and name of each object, and its text; None for the indexes that SQLite makes for what is unique."""
    found: dict[tuple[str, str], str | None] = {("table", "sqlite_sequence"): _SEQUENCE}
    for statement in tables.statements(version):
        _, kind, name, *_ = statement.split()
        found[kind, name] = _written(statement)
        for number in range(1, _own_indexes(statement) + 1):
            found["index", f"sqlite_autoindex_{name}_{number}"] = None
    return found


def _own_indexes(statement: str) -> int:
    keyed = " text primary key" in statement and "without rowid" not in statement
    return statement.count(" unique") + keyed


def _written(statement: str) -> str:
    """SQLite keeps a statement as it was given, except for its first words."""
    create, kind, rest = _words(statement).split(" ", 2)
    return f"{create.upper()} {kind.upper()} {rest}"


def _words(sql: str) -> str:
    return " ".join(sql.split())
