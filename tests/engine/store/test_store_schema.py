from __future__ import annotations

import pytest

from visualmemory_gui.engine.errors import (
    DamagedMemory,
    MemoryExists,
    NewerFormat,
    ReadOnlyMemory,
    StorageError,
)
from visualmemory_gui.engine.store import filesystem, schema
from visualmemory_gui.engine.types import EncoderIdentity

IDENTITY = EncoderIdentity("lite0", 8, "ab" * 32, "224 letterbox")


def test_a_memory_remembers_its_encoder(tmp_path):
    schema.create_memory(tmp_path / "m", IDENTITY).close()
    database = schema.open_memory(tmp_path / "m", readonly=True)
    assert schema.encoder_identity(database) == IDENTITY
    database.close()


def test_a_memory_is_made_only_where_nothing_is(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    (tmp_path / "file").touch()
    schema.create_memory(tmp_path / "there", IDENTITY).close()
    for name, says in [("full", "not empty"), ("file", "is a file"), ("there", "already")]:
        with pytest.raises(MemoryExists, match=says):
            schema.create_memory(tmp_path / name, IDENTITY)


def test_what_a_crash_while_making_left_behind_is_replaced(tmp_path):
    (tmp_path / "memory.sqlite.new").write_bytes(b"half")
    (tmp_path / "memory.sqlite.new-wal").write_bytes(b"half")
    (tmp_path / "lock").touch()
    schema.create_memory(tmp_path, IDENTITY).close()
    assert {entry.name for entry in tmp_path.iterdir()} == {"memory.sqlite", "lock"}


def test_a_newer_format_says_to_update(three):
    three.database.execute(f"pragma user_version={schema.FORMAT + 1}")
    folder = three.database.folder
    three.database.close()
    for readonly in (True, False):
        with pytest.raises(NewerFormat, match="Update visualmemory_gui"):
            schema.open_memory(folder, readonly=readonly)


@pytest.fixture
def older(three, monkeypatch):
    """A memory of format 1 under a product that knows format 3."""
    folder = three.database.folder
    three.database.execute("pragma user_version=1")
    three.database.close()
    monkeypatch.setattr(schema, "FORMAT", 3)
    steps = {
        1: lambda database: database.execute("create table extra (x any) strict"),
        2: lambda database: database.execute("insert into extra values (7)"),
    }
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    return folder


def test_an_older_memory_is_brought_up_to_date_and_its_backup_removed(older):
    (older / "memory.sqlite.format-1").write_bytes(b"of a crashed attempt")
    database = schema.open_memory(older, readonly=False)
    assert database.one("select x from extra") == (7,)
    assert database.one("pragma user_version") == (3,)
    database.close()
    assert [entry.name for entry in older.iterdir()] == ["memory.sqlite"]


def test_a_memory_of_format_1_gets_the_tables_that_came_later(three, over):
    for statement in schema.SINCE_FORMAT_2:
        kind, name = statement.split()[1:3]
        if kind == "table":
            three.database.execute(f"drop table {name}")
    three.database.execute("pragma user_version=1")
    folder = three.database.folder
    three.database.close()
    store = over(schema.open_memory(folder, readonly=False))
    assert [store.database.one(f"select count(*) from {t}")[0] for t in ("queue", "watch", "tags", "kept", "keys")] == [
        0
    ] * 5
    assert (store.catalog.totals(), store.damage()) == ((3, 3, 0), [])
    store.database.close()


def test_a_failed_migration_changes_nothing_and_leaves_a_backup(older, monkeypatch, over):
    def fail(database):
        database.execute("drop table thumbnails")
        raise RuntimeError

    monkeypatch.setattr(schema, "MIGRATIONS", {**schema.MIGRATIONS, 2: fail})
    with pytest.raises(RuntimeError):
        schema.open_memory(older, readonly=False)
    (older / "memory.sqlite.format-1").rename(older.parent / "memory.sqlite")
    monkeypatch.setattr(schema, "FORMAT", 1)
    for folder in (older, older.parent):
        store = over(schema.open_memory(folder, readonly=False))
        assert store.catalog.totals() == (3, 3, 0)
        assert store.damage() == []
        store.database.close()


def test_an_older_memory_is_not_changed_by_reading(older):
    with pytest.raises(ReadOnlyMemory, match="once for editing"):
        schema.open_memory(older, readonly=True)


def test_a_format_that_never_was_is_damage(three):
    three.database.execute("pragma user_version=0")
    three.database.close()
    with pytest.raises(DamagedMemory, match="never was"):
        schema.open_memory(three.database.folder, readonly=False)


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /mnt/home nfs4 rw 0 0
//server/share /mnt/my\\040share cifs rw 0 0
me@host: /mnt/ssh fuse.sshfs rw 0 0
/dev/sdb1 /mnt/home/local xfs rw 0 0
"""


@pytest.mark.parametrize(
    ("place", "refused"),
    [
        ("/mnt/home/me/m.vmem", True),
        ("/mnt/home", True),
        ("/mnt/my share/m.vmem", True),
        ("/mnt/ssh/m.vmem", True),
        ("/mnt/home/local/m.vmem", False),
        ("/mnt/homestead/m.vmem", False),
        ("/home/me/m.vmem", False),
    ],
)
def test_network_file_systems_are_refused_with_what_to_do_instead(tmp_path, place, refused):
    (tmp_path / "mounts").write_text(MOUNTS)
    folder = filesystem.Path(place)
    if refused:
        with pytest.raises(StorageError, match="local disk"):
            filesystem.refuse_network(folder, mounts=tmp_path / "mounts")
    else:
        filesystem.refuse_network(folder, mounts=tmp_path / "mounts")


def test_where_mounts_are_not_told_nothing_is_refused(tmp_path):
    filesystem.refuse_network(tmp_path, mounts=tmp_path / "missing")
