"""One writer per memory: a lock on the file ``lock`` that the system frees when its holder ends, however it ends."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from visualmemory_gui.engine.errors import DamagedMemory, MemoryLocked, StorageError
from visualmemory_gui.engine.files.atomic_file import open_own
from visualmemory_gui.engine.store.layout import LOCK

FILE = LOCK
LONGEST = 4096  # bytes that a lock file may hold about its holder


@dataclass(frozen=True, slots=True)
class Holder:
    """Who edits a memory. ``since`` is seconds since the epoch."""

    pid: int
    host: str
    program: str
    since: float


class FolderLock:
    """Held from ``acquire`` to ``release``; as a context manager, for the block.

    The file stays when the lock is free: unlinking it would let two processes hold two different files.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder).absolute() / FILE
        self._handle: int | None = None

    def acquire(self) -> FolderLock:
        """Take the lock, or raise MemoryLocked immediately, naming the holder."""
        handle = self._opened()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise MemoryLocked(self._who()) from error
            raise StorageError(f"{self.path} cannot be locked: {error.strerror}.") from error
        self._handle = handle
        with contextlib.suppress(OSError):  # on a full disk the lock holds all the same, without a name
            _write(handle, Holder(os.getpid(), os.uname().nodename, _program(), time.time()))
        return self

    def release(self) -> None:
        """Free the lock; a second call does nothing."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 0)
            with contextlib.suppress(OSError):  # closing is not enough: a child just started may still share the file
                fcntl.flock(self._handle, fcntl.LOCK_UN)
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> FolderLock:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _opened(self) -> int:
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        except OSError as error:
            raise StorageError(
                f"{self.path} cannot be opened for editing: {error.strerror}. "
                "A memory that cannot be written can still be opened for reading."
            ) from error
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:  # it is written in place
            os.close(handle)
            raise DamagedMemory(f"{self.path} is not a file of this memory alone: remove it.")
        return handle

    def _who(self) -> str:
        who = holder(self.path.parent)
        if who is None:
            return f"{self.path.parent} is being edited by another program. Close it there, or open it for reading."
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(who.since))
        return (
            f"{self.path.parent} is being edited by {who.program} (process {who.pid} on {who.host}, since {since}). "
            "Close it there, or open it for reading."
        )


def holder(folder: str | Path) -> Holder | None:
    """What the lock file says about its holder; None when it says nothing that can be understood.

    The text outlives a killed process, so only a refused ``acquire`` shows that the lock is held.
    """
    try:
        with open_own(Path(folder) / FILE) as file:
            found = json.loads(file.read(LONGEST))
        return Holder(int(found["pid"]), str(found["host"]), str(found["program"]), float(found["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(handle: int, who: Holder) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(asdict(who)).encode(), 0)


def _program() -> str:
    name = Path(sys.argv[0]).name if sys.argv else ""
    return "visualmemory" if name in ("", "-c", "-m", "__main__.py") else name
