from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from visualmemory_gui.engine.errors import MemoryLocked, StorageError
from visualmemory_gui.engine.store.lock import FolderLock, holder

HOLD = """
import sys
from visualmemory_gui.engine.store.lock import FolderLock
with FolderLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock until its input ends."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_program_is_told_who_holds_the_memory(tmp_path, other):
    with pytest.raises(MemoryLocked, match=rf"process {other.pid} on {os.uname().nodename}"):
        FolderLock(tmp_path).acquire()


def test_the_refused_program_does_not_disturb_the_holder(tmp_path, other):
    for _ in range(2):
        with pytest.raises(MemoryLocked):
            FolderLock(tmp_path).acquire()
    assert holder(tmp_path).pid == other.pid


def test_the_lock_is_free_at_once_after_kill_9(tmp_path, other):
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    with FolderLock(tmp_path):
        assert holder(tmp_path).pid == os.getpid()


def test_the_lock_is_free_when_its_holder_ends(tmp_path, other):
    other.communicate("")
    FolderLock(tmp_path).acquire().release()
    assert holder(tmp_path) is None


def test_the_same_program_cannot_hold_it_twice(tmp_path):
    with FolderLock(tmp_path), pytest.raises(MemoryLocked, match=str(os.getpid())):
        FolderLock(tmp_path).acquire()


def test_releasing_twice_does_nothing(tmp_path):
    lock = FolderLock(tmp_path).acquire()
    lock.release()
    lock.release()
    with FolderLock(tmp_path):
        pass


def test_a_child_process_does_not_inherit_the_lock(tmp_path):
    lock = FolderLock(tmp_path).acquire()
    wait = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(wait, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False) as child:
        child.stdout.readline()  # it runs: what it should not inherit was closed when it began to
        lock.release()
        with FolderLock(tmp_path):
            pass
        child.communicate(b"\n")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', "\0\0"])
def test_a_lock_file_with_any_content_can_be_taken(tmp_path, text):
    (tmp_path / "lock").write_text(text)
    assert holder(tmp_path) is None
    with FolderLock(tmp_path):
        assert holder(tmp_path).pid == os.getpid()


def test_a_link_in_the_place_of_the_lock_is_refused(tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(StorageError):
        FolderLock(tmp_path).acquire()
    assert (tmp_path / "victim").read_text() == "precious"
