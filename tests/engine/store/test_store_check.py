"""Damage is found: every column, every table, and any flipped byte of the file."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.store import settings
from visualmemory_gui.engine.store.class_hotkeys import ClassHotkeys
from visualmemory_gui.engine.store.derived_values import Derived
from visualmemory_gui.engine.store.dismissals import Kept
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.store.queries import RecentQueries
from visualmemory_gui.engine.store.queue import NewQueued, QueueRows
from visualmemory_gui.engine.store.schema import open_memory
from visualmemory_gui.engine.store.tags import Tags
from visualmemory_gui.engine.store.watch import Watch
from visualmemory_gui.engine.types import Box

BOOKKEEPING = ("sqlite_sequence",)
AT_OPENING = ("projection",)  # empty unless vectors are reduced, and then compared at every opening


@pytest.fixture
def full(store, row):
    """A memory with something in every table and every column."""
    store.add(*(row(i, f"c{i % 4}/x", group=f"g{i}", note=f"n{i}", copy=".png", trust=0.5) for i in range(40)))
    store.strike(1, 2, 3)
    store.relabel("other", 4, 5)
    store.add(row(40, "c0/x", box=Box(1, 2, 30, 40), original="12" * 32))
    with store.history.step("tune") as writer:
        store.catalog.set_field(writer, range(1, 30), field="derived", value=0.7)
    number = store.history.open_import(3)
    with store.history.joining(number) as writer:
        store.catalog.add(writer, [row(100)])
    store.history.finish_import(number, stopped=True)
    store.history.undo()
    settings.save(store.database, "k", "7")
    Derived(store.database).put("novelty", "{}", 3)
    RecentQueries(store.database).add(
        "/q.png",
        "ab" * 32,
        sha256="cd" * 32,
        thumbnail=b"jpeg",
        vector=row(1).vector,
        box=Box(1, 2, 30, 40),
        original="12" * 32,
    )
    image = NewKeptImage("ef" * 32, "/q.png", "cd" * 32, b"jpeg", row(1).vector, Box(1, 2, 30, 40), "12" * 32)
    QueueRows(store.database).add([NewQueued(image, 4, 3, ".png")])
    Watch(store.database).add([(image, "cat")])
    Kept(store.database).keep("pair", [((1, 2), "cat cat")])
    ClassHotkeys(store.database).give(4, "cat")
    Tags(store.database).put("a")
    return store


def tables(store):
    return [name for (name,) in store.database.rows("select name from sqlite_schema where type = 'table'")]


def test_a_sound_memory_has_no_damage(full):
    assert full.damage() == []
    assert full.reopened().damage() == []


def test_every_column_of_every_row_is_watched(full):
    """Each column in turn is changed in one row, past all of SQLite's own checks."""
    full.database.execute("pragma foreign_keys=off")
    full.database.execute("pragma ignore_check_constraints=on")
    missed = []
    for table in sorted(set(tables(full)) - {*BOOKKEEPING, *AT_OPENING}):
        for column in [row[1] for row in full.database.rows(f"pragma table_info({table})")]:
            value = full.database.one(f"select {column} from {table} where {column} is not null limit 1")[0]
            changed = other_than(value)
            key = {"entries": "(step, exemplar, field)", "settings": "name", "tags": "name"}.get(table, "rowid")
            one = f"(select {key.strip('()')} from {table} where {column} = ?2 limit 1)"
            full.database.execute(f"update {table} set {column} = ?1 where {key} in {one}", (changed, value))
            if not full.damage():
                missed.append(f"{table}.{column}")
            full.database.execute(f"update {table} set {column} = ?1 where {column} = ?2", (value, changed))
    assert missed == ["kept.id", "meta.id", "queries.id", "queue.id", "watch.id"]  # numbers that nothing refers to
    assert full.damage() == []


def other_than(value):
    """Nearly ``value``, and like no other in the memory."""
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return value + "~" if isinstance(value, str) else value + 1000


@pytest.mark.parametrize(
    "damage",
    [
        "delete from exemplars where id = 20",
        "insert into projection values (1, x'00')",
        "delete from vectors where id = 20",
        "delete from thumbnails where id = 20",
        "insert into vectors values (999, x'00')",
        "insert into thumbnails values (999, x'00')",
        "update vectors set vector = (select vector from vectors where id = 1) where id = 2",
        "update thumbnails set jpeg = x'' where id = 2",
        "delete from labels where id = 1",
        "update exemplars set label_id = 999 where id = 2",
        "update exemplars set root_id = null where id = 2",
        "update meta set count = 0",
        "drop index exemplars_label",
        "delete from steps where number = 2",
    ],
)
def test_missing_foreign_and_exchanged_rows_are_found(full, damage):
    if damage.startswith("drop"):
        full.database.execute("pragma writable_schema=on")
        full.database.execute("update sqlite_schema set rootpage = 3 where name = 'exemplars_label'")
    else:
        full.database.execute("pragma foreign_keys=off")
        full.database.execute(damage)
    assert full.damage() != []


def test_rows_exchanged_with_their_checksums_are_found(full):
    full.database.execute("pragma foreign_keys=off")
    full.database.execute("update exemplars set id = -1 where id = 1")
    full.database.execute("update exemplars set id = 1 where id = 2")
    full.database.execute("update exemplars set id = 2 where id = -1")
    assert full.damage() != []


def test_checking_goes_on_beside_edits(full):
    findings = full.catalog.check_rows()
    full.strike(20)
    assert list(findings) == []
    findings = full.catalog.check_rows()
    assert next(findings, None) is None


def dump(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    database = open_memory(folder, readonly=False)
    try:
        names = [name for (name,) in database.rows("select name from sqlite_schema where type = 'table'")]
        return {name: database.rows(f"select * from {name}") for name in names if name not in BOOKKEEPING}
    finally:
        database.close()


def test_a_flipped_byte_is_found_or_does_no_harm(full, over, tmp_path):
    """Each of 150 flips anywhere in the file: refused at opening, named by the check, or every row is as it was."""
    folder = full.database.folder
    full.database.close()
    sound = dump(folder)
    pick = random.Random(7)
    harmless = 0
    for _ in range(150):
        broken = tmp_path / "broken"
        shutil.copytree(folder, broken)
        path = broken / "memory.sqlite"
        data = bytearray(path.read_bytes())
        data[pick.randrange(len(data))] ^= 1 << pick.randrange(8)
        path.write_bytes(data)
        if not _found(broken, over):
            assert dump(broken) == sound
            harmless += 1
        shutil.rmtree(broken)
    assert harmless < 150


def _found(folder: Path, over) -> bool:
    try:
        store = over(open_memory(folder, readonly=False))
    except VisualMemoryError:
        return True
    try:
        return bool(store.damage())
    except VisualMemoryError:
        return True
    finally:
        store.database.close()
