"""Full disks, read-only media and missing permission, with a real one of each, in a process of its own."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from visualmemory_gui.engine.store.schema import open_memory

READ = """
import sys
from visualmemory_gui.engine.store.schema import open_memory
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.errors import VisualMemoryError
# then
try:
    database = open_memory(sys.argv[1], readonly=True)
    print(Catalog(database).totals())
    database.close()
except VisualMemoryError as error:
    print(type(error).__name__, error)
"""

WRITE = """
import sys
from visualmemory_gui.engine.store.schema import open_memory
from visualmemory_gui.engine.errors import VisualMemoryError
# then
try:
    open_memory(sys.argv[1], readonly=False).close()
    print("opened")
except VisualMemoryError as error:
    print(type(error).__name__, error)
"""

# Strikes until the disk is full, makes room, and strikes again.
FILL = """
import os, resource, sys
from pathlib import Path
import numpy as np
from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.history import History
from visualmemory_gui.engine.store.schema import open_memory
from visualmemory_gui.engine.types import NewExemplar
folder, limit = Path(sys.argv[1]), int(sys.argv[2])
database = open_memory(folder, readonly=False)
catalog = Catalog(database)
history = History(database, catalog)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
vector = np.eye(8, dtype=np.float32)[0]
done, message = 3, ""
while not message:
    try:
        with history.step("add") as writer:
            catalog.add(writer, [NewExemplar("cat", vector, thumbnail=os.urandom(5000))])
        done += 1
    except StorageError as error:
        message = str(error)
assert catalog.totals()[0] == done, (catalog.totals(), done)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
else:
    (folder.parent / "ballast").unlink()
with history.step("strike") as writer:
    catalog.set_struck(writer, [1], True)
assert list(catalog.check_rows()) == []
database.close()
print(done, message)
"""


@pytest.fixture
def shared(three, public_folder):
    """A closed copy of the three exemplars where any user can reach it."""
    three.database.close()
    return shutil.copytree(three.database.folder, public_folder / "three.vmem")


def test_a_memory_in_a_folder_that_cannot_be_written_can_be_read(shared, run_child, unprivileged):
    shared.chmod(0o555)
    (shared / "memory.sqlite").chmod(0o444)
    assert run_child(READ, shared, uid=unprivileged) == "(3, 3, 0)"
    assert [entry.name for entry in shared.iterdir()] == ["memory.sqlite"]


def test_an_empty_log_left_by_a_reader_does_no_harm_there(shared, run_child, unprivileged):
    (shared / "memory.sqlite-wal").touch()
    shared.chmod(0o555)
    assert run_child(READ, shared, uid=unprivileged) == "(3, 3, 0)"


def test_edits_left_in_a_log_that_cannot_be_read_are_told_instead_of_left_out(
    shared, run_child, unprivileged, over, tmp_path
):
    writer = over(open_memory(shared, readonly=False))
    writer.strike(1)
    killed = shutil.copytree(
        shared, tmp_path / "killed.vmem"
    )  # what a killed process leaves: a log that is not put away
    writer.database.close()
    shutil.rmtree(shared)
    shutil.copytree(killed, shared)
    (shared / "memory.sqlite-shm").unlink()
    shared.chmod(0o555)
    said = run_child(READ, shared, uid=unprivileged)
    assert said == "(3, 2, 1)" or ("StorageError" in said and "log" in said)
    assert said != "(3, 3, 0)"


def test_no_permission_to_read_is_told(shared, run_child, unprivileged):
    (shared / "memory.sqlite").chmod(0)
    said = run_child(READ, shared, uid=unprivileged)
    assert said.startswith("StorageError") and "no permission" in said


def test_no_permission_to_write_is_told(shared, run_child, unprivileged):
    shared.chmod(0o555)
    (shared / "memory.sqlite").chmod(0o444)
    said = run_child(WRITE, shared, uid=unprivileged)
    assert said.startswith("StorageError") and "memory.sqlite" in said


def test_the_same_user_can_write_where_it_may(shared, run_child, unprivileged):
    """The control of the tests above."""
    shared.chmod(0o777)
    (shared / "memory.sqlite").chmod(0o666)
    assert run_child(WRITE, shared, uid=unprivileged) == "opened"


@pytest.mark.parametrize("limit", [300_000, 350_001, 400_000, 471_337])
def test_a_file_that_may_not_grow_is_told_and_the_edit_is_taken_back(shared, run_child, limit):
    done, message = run_child(FILL, shared, limit).split(" ", 1)
    assert int(done) > 3
    assert "nothing was changed" in message


def test_a_full_disk_is_told_and_the_edit_is_taken_back(three, run_child, tmp_path):
    three.database.close()
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False
    ).returncode:
        return  # where no disk may be made, the test of RLIMIT_FSIZE stands in
    try:
        shutil.copytree(three.database.folder, disk / "three.vmem")
        (disk / "ballast").write_bytes(b"x" * 300_000)
        done, message = run_child(FILL, disk / "three.vmem", 0).split(" ", 1)
        assert int(done) > 3
        assert "the disk is full; nothing was changed" in message
    finally:
        subprocess.run(["umount", disk], check=True)
