"""A database that is not built as a memory is, is refused at open and named, and nothing of it is run."""

from __future__ import annotations

import time

import apsw
import pytest

from tests.reliability.planting import plant
from visualmemory_gui.engine.errors import DamagedMemory, StorageError
from visualmemory_gui.engine.store import schema_check, statement_limit
from visualmemory_gui.engine.store.schema import FORMAT, open_memory

ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n)"
SETTINGS = "create table settings (name text primary key, value text not null, checksum integer not null"


def remade(table: str, old: str, new: str) -> tuple[str, ...]:
    """``table`` with one thing of it otherwise; its rows and indexes are as they were."""
    change = f"update sqlite_master set sql = replace(sql, '{old}', '{new}') where name = '{table}'"
    return change, "pragma schema_version=1000"


PLANTED = {
    "a view in the place of a table": (
        "drop table settings",
        f"create view settings as {ENDLESS} select 'k' name, max(i) value, 0 checksum from n",
    ),
    "a view beside the tables": (f"create view more as {ENDLESS} select i from n",),
    "a trigger": ("create trigger hidden after update on exemplars begin delete from vectors; end",),
    "a trigger on meta": ("create trigger hidden after update on meta begin delete from exemplars; end",),
    "a virtual table": ("create virtual table found using fts5(text)",),
    "another table": ("create table more (a)",),
    "another index": ("create index more on exemplars(note)",),
    "an index on an expression": ("create index more on exemplars(length(note))",),
    "another column": ("alter table exemplars add column more text",),
    "a computed column": ("alter table exemplars add column more integer as (length(note)) virtual",),
    "a table that is not strict": remade("vectors", " strict", ""),
    "a table without its rowid gone": ("drop table settings", f"{SETTINGS}) strict"),
    "a collation": remade("labels", "path text not null", "path text not null collate nocase"),
    "a check without an end": remade(
        "settings", "value text not null", "value text not null check (length(hex(zeroblob(1000000000))) > 0)"
    ),
    "a default": remade("meta", "digest integer not null", "digest integer not null default 7"),
    "a reference dropped": remade("vectors", " references exemplars(id)", ""),
    "a table gone": ("drop table kept",),
    "an index gone": ("drop index exemplars_content",),
    "SQLite's samples of the rows": ("analyze",),
}


@pytest.mark.parametrize("sql", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("readonly", [True, False], ids=["reading", "editing"])
def test_what_no_memory_holds_is_refused_and_named(three, sql, readonly):
    folder = three.database.folder
    three.database.close()
    plant(folder, *sql)
    before = (folder / "memory.sqlite").read_bytes()
    with pytest.raises(DamagedMemory, match=r"the (table|view|trigger|index) '"):
        open_memory(folder, readonly=readonly)
    assert (folder / "memory.sqlite").read_bytes() == before


def test_texts_in_another_encoding_are_refused(tmp_path):
    """What is forgotten is looked for as UTF-8."""
    made = apsw.Connection(str(tmp_path / "memory.sqlite"))
    for pragma in ("encoding='UTF-16le'", f"application_id={0x564D454D}", f"user_version={FORMAT}"):
        made.execute(f"pragma {pragma}").fetchall()
    made.execute("create table meta (a)")
    made.close()
    with pytest.raises(DamagedMemory, match="UTF-8"):
        open_memory(tmp_path, readonly=True)


def test_a_memory_as_it_is_made_has_no_difference(store):
    assert list(schema_check.differences(store.database, FORMAT)) == []


def test_every_difference_is_named(three):
    folder = three.database.folder
    plant(folder, "drop table kept", "create table more (a)")
    found = set(schema_check.differences(three.database, FORMAT))
    assert {"the table 'kept' is missing", "the table 'more' does not belong to a memory"} <= found


def test_a_statement_without_an_end_is_given_up(store):
    started = time.monotonic()
    with pytest.raises(DamagedMemory, match="does not come to an end"):
        store.database.rows(f"{ENDLESS} select count(*) from n")
    assert time.monotonic() - started < 60  # it would run for ever
    assert store.database.one("select 1") == (1,)


def test_a_file_has_steps_for_each_of_its_bytes(three, monkeypatch):
    monkeypatch.setattr(statement_limit, "LEAST", 1)
    long = f"{ENDLESS} select count(*) from (select i from n limit 20000)"
    three.database.rows(long)
    monkeypatch.setattr(statement_limit, "PER_BYTE", 0)
    with pytest.raises(DamagedMemory, match="does not come to an end"):
        three.database.rows(long)


@pytest.mark.parametrize(("table", "edit"), [("exemplars", "add"), ("steps", "strike")])
@pytest.mark.parametrize("last", [2**63 - 1, 2**63 - 2])
def test_numbers_that_are_used_up_are_told_and_nothing_is_changed(three, row, table, edit, last):
    folder = three.database.folder
    three.database.close()
    plant(
        folder,
        f"delete from sqlite_sequence where name = '{table}'",
        f"insert into sqlite_sequence values ('{table}', {last})",
    )
    three.reopened()
    before = three.content()
    with pytest.raises(StorageError, match="no number left for more exemplars" if edit == "add" else "beyond what"):
        three.add(row(7), row(8)) if edit == "add" else (three.strike(1), three.strike(2))
    assert three.catalog.totals()[0] == 3 and three.damage() == []
    assert edit != "add" or three.content() == before


@pytest.mark.parametrize("last", ["'many'", "-5", "null", "x'00'", "0.5"])
def test_a_sequence_that_is_no_number_is_damage(three, row, last):
    folder = three.database.folder
    three.database.close()
    plant(folder, f"update sqlite_sequence set seq = {last} where name = 'exemplars'")
    three.reopened()
    with pytest.raises(DamagedMemory, match="last number used"):
        three.add(row(7))


def test_a_value_of_another_kind_is_damage(three):
    folder = three.database.folder
    three.database.close()
    loose = remade("exemplars", "derived real", "derived any")
    tight = remade("exemplars", "derived any", "derived real")[0]
    plant(folder, *loose)
    plant(folder, "update exemplars set derived = 'much' where id = 2")
    plant(folder, tight, "pragma schema_version=1001")
    three.reopened()
    with pytest.raises(DamagedMemory, match=r"exemplars\.derived"):
        three.catalog.select()
    assert three.damage() != []
