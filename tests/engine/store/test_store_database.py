from __future__ import annotations

import threading
from pathlib import Path

import apsw
import pytest

from visualmemory_gui.engine.errors import DamagedMemory, NotAMemory, ReadOnlyMemory, StorageError
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.schema import create_memory, open_memory
from visualmemory_gui.engine.types import EncoderIdentity

IDENTITY = EncoderIdentity("vectors", 8)
TRUTH = {"synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "busy_timeout": 5000, "temp_store": 2}


def test_every_connection_is_safe(store):
    found = {name: store.database.one(f"pragma {name}")[0] for name in TRUTH}
    assert found == TRUTH
    assert store.database.one("pragma journal_mode")[0] == "wal"


def test_a_connection_for_reading_is_as_safe(store):
    reader = open_memory(store.database.folder, readonly=True)
    assert {name: reader.one(f"pragma {name}")[0] for name in TRUTH} == TRUTH
    reader.close()


@pytest.mark.parametrize(
    "name", ["a%20b", "what?", "a#b", "a b", "line\nbreak", "ünï", "a'b\"c", "100%", "file:x?mode=ro"]
)
def test_a_folder_may_have_any_name(tmp_path, name, over, row):
    database = create_memory(tmp_path / name, IDENTITY)
    over(database).add(row(1))
    database.close()
    assert {entry.name for entry in (tmp_path / name).iterdir()} == {"memory.sqlite"}
    reader = open_memory(tmp_path / name, readonly=True)
    assert reader.one("select count(*) from exemplars") == (1,)
    reader.close()


def test_a_failed_block_leaves_nothing(three):
    before = three.content()
    with pytest.raises(RuntimeError), three.database.atomic():
        three.database.execute("update exemplars set struck = 1")
        raise RuntimeError
    assert three.content() == before


def test_an_inner_block_fails_by_itself(store):
    with store.database.atomic():
        store.database.execute("insert into roots (path) values ('kept')")
        with pytest.raises(RuntimeError), store.database.atomic():
            store.database.execute("insert into roots (path) values ('lost')")
            raise RuntimeError
        store.database.execute("insert into roots (path) values ('kept too')")
    assert store.database.rows("select path from roots") == [("kept",), ("kept too",)]


def test_nothing_is_committed_alone_after_sqlite_rolled_back_by_itself(store):
    with pytest.raises(StorageError), store.database.atomic():
        store.database._connection.execute("rollback")
        store.database.execute("insert into roots (path) values ('alone')")
    assert store.database.rows("select * from roots") == []


def test_an_interrupted_block_leaves_nothing(store):
    with pytest.raises(KeyboardInterrupt), store.database.atomic():
        store.database.execute("insert into roots (path) values ('lost')")
        raise KeyboardInterrupt
    assert store.database.rows("select * from roots") == []


def test_readers_in_other_threads_see_whole_transactions_only(store):
    seen: set[int] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(store.database.one("select count(*) from roots")[0])

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for i in range(60):
        with store.database.atomic():
            store.database.execute("insert into roots (path) values (?)", (f"{i} a",))
            store.database.execute("insert into roots (path) values (?)", (f"{i} b",))
    done.set()
    for reader in readers:
        reader.join()
    assert seen and all(count % 2 == 0 for count in seen)


def test_the_log_can_be_emptied_after_any_read(store, row):
    store.add(row(1), row(2))
    store.catalog.select()
    store.catalog.snapshot_rows()
    store.database.one("select id from exemplars")
    assert store.database.checkpoint() == (0, 0, 0)


def test_no_memory_here(tmp_path):
    with pytest.raises(NotAMemory, match=r"memory\.sqlite"):
        open_memory(tmp_path, readonly=True)
    with pytest.raises(NotAMemory):
        open_memory(tmp_path / "missing", readonly=False)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"no database at all" * 100, "not a database"), (b"SQLite format 3\0", "not")],
)
def test_a_file_that_is_no_database_is_named(tmp_path, content, says):
    (tmp_path / "memory.sqlite").write_bytes(content)
    with pytest.raises(DamagedMemory, match=says) as caught:
        open_memory(tmp_path, readonly=False)
    assert str(tmp_path / "memory.sqlite") in str(caught.value)
    assert (tmp_path / "memory.sqlite").read_bytes() == content


def test_a_database_of_another_program_is_left_alone(tmp_path):
    other = apsw.Connection(str(tmp_path / "memory.sqlite"))
    other.execute("create table exemplars (x)")
    other.close()
    before = (tmp_path / "memory.sqlite").read_bytes()
    with pytest.raises(DamagedMemory, match="another program"):
        open_memory(tmp_path, readonly=False)
    assert (tmp_path / "memory.sqlite").read_bytes() == before


def test_a_truncated_database_is_told(three):
    path = three.database.path
    three.database.close()
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(DamagedMemory, match=r"memory\.sqlite is damaged"):
        over = open_memory(path.parent, readonly=False)
        over.rows("select * from exemplars")


def test_a_folder_in_the_place_of_the_database_is_told(tmp_path):
    (tmp_path / "memory.sqlite").mkdir()
    with pytest.raises(DamagedMemory, match="not a file"):
        open_memory(tmp_path, readonly=True)


def test_a_memory_opened_for_reading_refuses_edits(three, over):
    reader = over(open_memory(three.database.folder, readonly=True))
    with pytest.raises(ReadOnlyMemory, match="open it for editing"):
        reader.strike(1)
    with pytest.raises(ReadOnlyMemory):
        reader.catalog.purge([1])
    assert [exemplar.id for exemplar in reader.catalog.select()] == [1, 2, 3]
    reader.database.close()


def test_a_reader_beside_a_writer_sees_each_commit(three, over):
    reader = over(open_memory(three.database.folder, readonly=True))
    three.strike(1)
    assert [exemplar.id for exemplar in reader.catalog.select(state="struck")] == [1]
    three.history.undo()
    assert reader.catalog.select(state="struck") == []
    reader.database.close()


def test_a_closed_memory_says_so(store):
    store.database.close()
    store.database.close()
    with pytest.raises(StorageError, match="closed"):
        store.catalog.select()


def test_closing_leaves_one_file(three):
    three.database.close()
    assert [entry.name for entry in Path(three.database.folder).iterdir()] == ["memory.sqlite"]


def test_making_the_file_needs_a_folder(tmp_path):
    with pytest.raises(StorageError):
        Database.create(tmp_path / "missing")
