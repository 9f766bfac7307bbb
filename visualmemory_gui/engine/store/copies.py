"""Which image copies the exemplars use, as (sha256, file ending)."""

from __future__ import annotations

from collections.abc import Collection

from visualmemory_gui.engine.store.database import Database

Copy = tuple[str, str]


def all_used(database: Database) -> list[Copy]:
    """Every image copy that an exemplar uses."""
    found = database.rows("select distinct sha256, copy from exemplars where copy is not null and sha256 is not null")
    return [(sha256.hex(), suffix) for sha256, suffix in found]


def withdrawn(database: Database) -> set[Copy]:
    """The image copies of withdrawn exemplars, which others may use too."""
    found = database.rows(
        "select sha256, copy from exemplars where withdrawn and copy is not null and sha256 is not null"
    )
    return {(sha256.hex(), suffix) for sha256, suffix in found}


def used(database: Database, copies: Collection[Copy]) -> set[Copy]:
    """Those of ``copies`` that an exemplar uses, withdrawn ones included."""
    wanted = [(bytes.fromhex(sha256), suffix) for sha256, suffix in copies]
    found = database.many("select sha256, copy from exemplars where sha256 = ? and copy = ? limit 1", wanted)
    return {(sha256.hex(), suffix) for sha256, suffix in found}
