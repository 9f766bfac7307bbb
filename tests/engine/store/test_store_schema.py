from __future__ import annotations

from contextlib import closing

import pytest

from tests.reliability.planting import age, plant, raw
from visualmemory_gui.engine.errors import (
    DamagedMemory,
    MemoryExists,
    NewerFormat,
    ReadOnlyMemory,
    StorageError,
)
from visualmemory_gui.engine.store import filesystem, schema
from visualmemory_gui.engine.store.tables import INDEX_OF_OLD
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


@pytest.fixture(params=[1, 2])
def older(request, three):
    """A memory as format 1 or 2 left it: three exemplars and a step of the history."""
    folder = three.database.folder
    three.strike(1)
    three.database.close()
    age(folder, request.param)
    return folder


def test_an_older_memory_is_brought_up_to_date_and_its_backup_removed(older, over):
    (older / "memory.sqlite.format-1").write_bytes(b"of a crashed attempt")
    store = over(schema.open_memory(older, readonly=False))
    assert store.database.one("pragma user_version") == (schema.FORMAT,)
    assert (store.catalog.totals(), store.damage()) == ((3, 2, 1), [])
    assert store.history.undo().restored == (1,)
    store.database.close()
    assert [entry.name for entry in older.iterdir()] == ["memory.sqlite"]


def test_an_index_of_the_first_memories_goes(three, over):
    folder = three.database.folder
    three.database.close()
    age(folder, 1)
    plant(folder, INDEX_OF_OLD)
    store = over(schema.open_memory(folder, readonly=False))
    assert store.damage() == []
    assert store.database.maybe("select 1 from sqlite_schema where name = 'exemplars_change'") is None
    store.database.close()


def test_a_failed_migration_changes_nothing_and_leaves_a_backup(older, monkeypatch, over):
    def fail(database):
        database.execute("drop table thumbnails")
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(schema, "MIGRATIONS", {**schema.MIGRATIONS, 2: fail})
        with pytest.raises(RuntimeError):
            schema.open_memory(older, readonly=False)
    [backup] = older.glob("memory.sqlite.format-*")
    backup.rename(older.parent / "memory.sqlite")
    for folder in (older, older.parent):
        store = over(schema.open_memory(folder, readonly=False))
        assert store.catalog.totals() == (3, 2, 1)
        assert store.damage() == []
        store.database.close()


def format_of(folder):
    with closing(raw(folder)) as connection:
        return connection.execute("pragma user_version").fetchone()[0]


def test_reading_changes_no_older_memory(older, over):
    version = format_of(older)
    if version == 1:
        with pytest.raises(ReadOnlyMemory, match="once for editing"):
            schema.open_memory(older, readonly=True)
    else:
        store = over(schema.open_memory(older, readonly=True))
        assert (store.catalog.totals(), store.damage(), len(store.history.steps())) == ((3, 2, 1), [], 1)
        store.database.close()
    assert format_of(older) == version


def test_damage_is_not_sealed_over_on_the_way_to_a_newer_format(older, over):
    plant(older, "update meta set encoder = 'another'")
    with pytest.raises(DamagedMemory, match="meta"):
        schema.open_memory(older, readonly=False)


def test_a_loss_of_before_is_still_found_in_the_newer_format(older, over):
    plant(older, "delete from exemplars where id = 3", "delete from vectors where id = 3")
    store = over(schema.open_memory(older, readonly=False))
    assert any("there are 2, the memory counts 3" in damage for damage in store.damage())
    store.database.close()


@pytest.mark.parametrize("version", [0, -1, -(2**31)])
def test_a_format_that_never_was_is_damage(three, version):
    three.database.execute(f"pragma user_version={version}")
    three.database.close()
    with pytest.raises(DamagedMemory, match="never existed"):
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
