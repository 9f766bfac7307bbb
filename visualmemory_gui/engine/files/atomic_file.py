"""Writing a file so that it is whole under its name or not there, and so that no other program's file is touched.

Whatever this program writes is created under a random name next to its target, ``.vmem-<16 hex>.part``. It is made with
``O_EXCL`` and ``O_NOFOLLOW``, so nothing that was planted is ever opened, and held by a lock which the system frees
when its writer ends, however it ends. A file with such a name and no holder is a leftover: ``sweep`` removes it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom, BufferedReader
from pathlib import Path

PART = re.compile(r"(\.vmem-[0-9a-f]{16}\.part)(-journal|-wal|-shm)?")  # SQLite puts files next to the one it writes
_NO_LINK = os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def write(target: Path) -> Iterator[BufferedRandom]:
    """A file to write, which takes the place of ``target`` when the block has succeeded, and is gone when it has not.

    On disk when this returns. Its ``name`` is for libraries that open files by name. Raises OSError, also when
    another file has taken the name in the meantime.
    """
    was_there = os.path.lexists(target)
    with _part(target.parent) as file:
        part = Path(file.name)
        try:
            yield file
            file.flush()
            _require_same(file.fileno(), part)
            os.fsync(file.fileno())
            part.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):  # a disk that is broken: ``sweep`` does it later
                part.unlink(missing_ok=True)
            raise
    _settle(target, keep=was_there)


@contextmanager
def write_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which takes the place of ``target`` (nothing, or an empty folder) when the block has succeeded,
    and is gone when it has not. Raises OSError."""
    with _part_folder(target.parent, mode=0o777) as part:
        yield part
        part.replace(target)
    _settle(target, keep=False)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """An empty folder inside ``folder`` that only this user can read, gone at the end with all that is in it."""
    sweep(folder)
    with _part_folder(folder, mode=0o700) as part:
        yield part


def sweep(folder: Path) -> None:
    """Remove what writers that ended left in ``folder``. What cannot be removed stays for the next time."""
    with contextlib.suppress(OSError):
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if PART.fullmatch(entry.name))
        for name in names:
            with contextlib.suppress(OSError):  # it is in use, or another user's
                _remove_left(folder / name)


def open_own(path: Path) -> BufferedReader:
    """Open a file of ours for reading. Raises OSError for a symbolic link, and for anything but a file."""
    return os.fdopen(own_handle(path, os.O_RDONLY), "rb")


def own_handle(path: Path, access: int) -> int:
    """A descriptor of a file of ours, ``access`` being O_RDONLY or O_RDWR. Raises OSError as ``open_own``."""
    handle = os.open(path, access | os.O_NONBLOCK | _NO_LINK)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    return handle


def sha256(path: Path) -> str:
    """The checksum (hex) of a file of ours. Raises OSError as ``open_own``."""
    with open_own(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_own(path: Path) -> bool:
    """Whether a file is at ``path`` itself: not a link to one, not a folder."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def create(path: Path) -> BufferedRandom:
    """Make a file that was not there, for writing and reading. Raises OSError."""
    return open(path, "x+b", opener=lambda name, flags: os.open(name, flags | _NO_LINK, 0o666))


def sync_folder(folder: Path) -> None:
    """Make renames and removals in ``folder`` survive a power loss."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _name() -> str:
    return f".vmem-{secrets.token_hex(8)}.part"


def _part(folder: Path) -> BufferedRandom:
    while True:
        file = create(folder / _name())
        _hold(file.fileno())
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # a sweep came before the lock


@contextmanager
def _part_folder(folder: Path, *, mode: int) -> Iterator[Path]:
    while True:
        part = folder / _name()
        part.mkdir(mode)
        with contextlib.suppress(FileNotFoundError):  # a sweep came before the lock
            handle = os.open(part, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK)
            _hold(handle)
            if os.path.lexists(part):
                break
            os.close(handle)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(handle)


def _hold(handle: int) -> None:
    """Show sweeps that the file is being written; a file system without locks has no sweeps either."""
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _require_same(handle: int, path: Path) -> None:
    """Check that what was written by name went into the file that was made here."""
    own, named = os.fstat(handle), path.lstat()
    if not os.path.samestat(own, named) or own.st_nlink != 1:
        raise OSError(errno.ESTALE, "another program put something in its place", str(path))


def _settle(target: Path, *, keep: bool) -> None:
    """Make the rename durable; where that fails, remove what is new."""
    try:
        sync_folder(target.parent)
    except OSError:
        if not keep:
            with contextlib.suppress(OSError):
                shutil.rmtree(target) if target.is_dir() else target.unlink()
        raise


def _remove_left(path: Path) -> None:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        path.unlink()
        return
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | _NO_LINK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        main = PART.sub(r"\1", path.name)
        if main != path.name and os.path.lexists(path.with_name(main)):
            return
        if stat.S_ISDIR(found.st_mode):
            shutil.rmtree(path)
        else:
            path.unlink()
    finally:
        os.close(handle)
