"""The one way in which files are written: whole or not there, and never into somebody else's file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from visualmemory_gui.engine.files import atomic_file

ROOT = Path(__file__).parents[3]
HOLD = """
import sys
from pathlib import Path
from visualmemory_gui.engine.files import atomic_file
with atomic_file.write(Path(sys.argv[1]) / "a.txt"), atomic_file.scratch(Path(sys.argv[1])) as room:
    (room / "b").touch()
    print("writes", flush=True)
    sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of writing a file and a folder."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "writes\n"
        yield process
        process.kill()


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_bytes(b"old")
    with atomic_file.write(target) as file:
        file.write(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new" and names(tmp_path) == ["a.txt"]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic_file.write(target) as file:
        file.write(b"new")
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt), atomic_file.write_folder(tmp_path / "folder") as folder:
        (folder / "half").touch()
        raise KeyboardInterrupt
    assert target.read_bytes() == b"old" and names(tmp_path) == ["a.txt"]


def test_a_link_at_the_target_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"precious")
    (tmp_path / "a.txt").symlink_to(tmp_path / "mine")
    with atomic_file.write(tmp_path / "a.txt") as file:
        file.write(b"new")
    assert (tmp_path / "mine").read_bytes() == b"precious"
    assert not (tmp_path / "a.txt").is_symlink() and (tmp_path / "a.txt").read_bytes() == b"new"


def test_what_was_put_in_the_place_of_the_part_is_not_taken_for_it(tmp_path: Path) -> None:
    """As a library that writes by name could be led elsewhere."""
    (tmp_path / "other").write_bytes(b"other")
    with pytest.raises(OSError, match="another program"), atomic_file.write(tmp_path / "a.txt") as file:
        Path(file.name).unlink()
        Path(file.name).symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="another program"), atomic_file.write(tmp_path / "a.txt") as file:
        os.link(file.name, tmp_path / "second name")
    assert names(tmp_path) == ["other", "second name"]


def test_a_file_of_ours_is_not_opened_through_a_link_or_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    atomic_file.open_own(tmp_path / "file").close()
    for name in ("link", "pipe", "missing"):
        assert not atomic_file.is_own(tmp_path / name)
        with pytest.raises(OSError):
            atomic_file.open_own(tmp_path / name)
    with pytest.raises(FileExistsError):
        atomic_file.create(tmp_path / "link")


def test_what_a_writer_that_was_killed_left_is_swept(tmp_path: Path, writer: subprocess.Popen[str]) -> None:
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert len(names(tmp_path)) == 2
    atomic_file.sweep(tmp_path)
    assert names(tmp_path) == []


def test_what_a_writer_that_lives_holds_stays(tmp_path: Path, writer: subprocess.Popen[str]) -> None:
    before = names(tmp_path)
    atomic_file.sweep(tmp_path)
    assert names(tmp_path) == before != []
    with atomic_file.write(tmp_path / "b.txt") as file:
        atomic_file.sweep(tmp_path)
        assert Path(file.name).exists()


def test_a_sweep_removes_nothing_of_another_name_and_nothing_behind_a_link(tmp_path: Path) -> None:
    room, outside = tmp_path / "room", tmp_path / "outside"
    for folder in (room, outside):
        folder.mkdir()
    (outside / "precious").touch()
    part = ".vmem-0123456789abcdef.part"
    kept = ["a.part", ".vmem-xyz.part", f"{part}y", f"x{part}"]
    for name in kept:
        (room / name).touch()
    (room / part).symlink_to(outside)
    (room / f"{part}-wal").touch()
    atomic_file.sweep(room)
    assert names(room) == sorted(kept) and names(outside) == ["precious"]


def test_a_scratch_folder_is_its_users_own(tmp_path: Path) -> None:
    with atomic_file.scratch(tmp_path) as room:
        assert room.stat().st_mode & 0o777 == 0o700
        (room / "deep").mkdir()
    assert names(tmp_path) == []
