"""What a process did to its files, written down by ``disk.c`` and replayed: the disk at any moment, and what a power
cut may leave of it."""

from __future__ import annotations

import itertools
import os
import random
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECTOR = 512
_HEAD = struct.Struct("<cQQIII")


@dataclass(frozen=True, slots=True)
class Operation:
    """One of ``disk.c``'s, whose letters tell the ``kind``. Paths are relative to the folder that was watched.

    ``file`` is a number that no other file has or had.
    """

    kind: str
    file: int
    offset: int
    path: str
    other: str
    data: bytes

    @property
    def of_names(self) -> bool:
        """Whether it changes a folder, not what a file holds."""
        return self.kind in "crulmx"


def library(folder: Path) -> Path:
    """Compile ``disk.c``."""
    made = folder / "disk.so"
    source = Path(__file__).with_name("disk.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl", "-lpthread"], check=True)
    return made


def run(disk_so: Path, root: Path, arguments: Sequence[str], **env: str) -> str:
    """What a Python module prints that runs on a disk which is watched, or fails, below ``root``."""
    env = {**os.environ, "LD_PRELOAD": str(disk_so), "DISK_ROOT": str(root), **env}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def watched(disk_so: Path, root: Path, arguments: Sequence[str]) -> list[Operation]:
    """All that a Python module does to the files below ``root``."""
    root.mkdir()
    trace = root.with_suffix(".trace")
    run(disk_so, root, arguments, DISK_TRACE=str(trace))
    return list(_read(trace.read_bytes(), len(str(root)) + 1))


def _read(trace: bytes, below: int) -> Iterator[Operation]:
    at, files = 0, itertools.count(1)
    file_of: dict[int, int] = {}  # inodes are given again when a file is gone
    while at < len(trace):
        kind, inode, offset, *lengths = _HEAD.unpack_from(trace, at)
        at += _HEAD.size
        parts = []
        for length in lengths:
            parts.append(trace[at : at + length])
            at += length
        path, other = (os.fsdecode(part)[below:] for part in parts[:2])
        if kind == b"c" or inode not in file_of:
            file_of[inode] = next(files)
        if not path.endswith("-shm"):  # shared memory: made anew by whoever opens first
            yield Operation(kind.decode(), file_of[inode], offset, path, other, parts[2])


@dataclass
class Disk:
    """What files hold, by their number, and what names they have. ``apply`` does what an operation did."""

    files: dict[int, bytearray] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def copy(self) -> Disk:
        return Disk({file: bytearray(data) for file, data in self.files.items()}, dict(self.names), set(self.folders))

    def apply(self, one: Operation) -> None:
        if one.kind == "c":
            self.names[one.path] = one.file
        elif one.kind == "w":
            self.write(one.file, one.offset, one.data)
        elif one.kind == "t":
            data = self.files.setdefault(one.file, bytearray())
            data[:] = data[: one.offset].ljust(one.offset, b"\0")
        elif one.kind == "u":
            self.names.pop(one.path, None)
        elif one.kind == "r" and one.path in self.names:
            self.names[one.other] = self.names.pop(one.path)
        elif one.kind == "r":
            self._move(one.path, one.other)
        elif one.kind == "l":
            self.names[one.other] = self.names[one.path]
        elif one.kind == "m":
            self.folders.add(one.path)
        elif one.kind == "x":
            self.folders.discard(one.path)

    def _move(self, folder: str, other: str) -> None:
        """Rename a folder with all that is in it."""

        def moved(path: str) -> str:
            return other + path[len(folder) :] if path == folder or path.startswith(f"{folder}/") else path

        self.names = {moved(path): file for path, file in self.names.items()}
        self.folders = {moved(path) for path in self.folders}

    def write(self, file: int, offset: int, data: bytes) -> None:
        held = self.files.setdefault(file, bytearray())
        if len(held) < offset + len(data):
            held.extend(b"\0" * (offset + len(data) - len(held)))
        held[offset : offset + len(data)] = data

    def save(self, folder: Path) -> None:
        """Put it into an empty ``folder``."""
        for name in sorted(self.folders):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name, file in self.names.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.files.get(file, b""))


class Cache:
    """A disk with a volatile cache: only what was synced is sure to survive a power cut.

    Names come to the disk in the order in which they were changed, when their folder is synced; of those that were not,
    the first few may be there. Of what was written to a file since its last sync, any sector may be there or not.
    """

    def __init__(self) -> None:
        self.sure = Disk()
        self.waiting: list[Operation] = []

    def apply(self, one: Operation) -> None:
        if one.kind == "s":
            self._settle(lambda waits: not waits.of_names and waits.file == one.file)
        elif one.kind == "d":
            self._settle(lambda waits: waits.of_names)
        else:
            self.waiting.append(one)

    def _settle(self, which: Callable[[Operation], bool]) -> None:
        for one in filter(which, self.waiting):
            self.sure.apply(one)
        self.waiting = [one for one in self.waiting if not which(one)]

    def cut(self, rng: random.Random) -> Disk:
        """What may be left when the power goes now."""
        left = self.sure.copy()
        names = [one for one in self.waiting if one.of_names]
        for one in names[: rng.randint(0, len(names))]:
            left.apply(one)
        some = rng.choice([0.0, 0.5, 0.9])
        for one in self.waiting:
            if one.kind == "w":
                for at in range(0, len(one.data), SECTOR):
                    if rng.random() < some:
                        left.write(one.file, one.offset + at, one.data[at : at + SECTOR])
            elif one.kind == "t" and rng.random() < some:
                left.apply(one)
        return left
