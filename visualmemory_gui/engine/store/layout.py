"""The names in a memory's folder, and the rule that nothing in it leads elsewhere.

A memory may come from a stranger: a link in it could make this program write, read or delete outside of it. The folder
itself may be reached through a link.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.files import atomic_file

DATABASE, LOCK, IMAGES = "memory.sqlite", "lock", "images"
JOURNAL = "unfinished.vectors"  # of a memory that is being made under another encoder; see ``vector_journal``
COPY = re.compile(r"images/([0-9a-f]{2})/([0-9a-f]{62})(\.[a-z0-9]{1,8})")
BACKUP = re.compile(r"memory\.sqlite\.format-\d+")
NOTE = re.compile(r"\.vmem-[0-9a-f]{16}\.copies")
_HALF_MADE = re.compile(r"memory\.sqlite\.new(-journal|-wal|-shm)?")  # as versions before 0.2 called it
_BESIDE = tuple(f"{DATABASE}{ending}" for ending in ("-wal", "-shm", "-journal"))


def require_no_links(folder: Path, *, readonly: bool) -> None:
    """Raise DamagedMemory, naming it, where a file of the memory that is used in place is a link or not a file.

    A second name (a hard link) is refused too: what is written here would change there. The database itself may have
    one where it is only read.
    """
    for name in (DATABASE, *_BESIDE, LOCK):
        _require_file(folder / name, second_name=readonly and name == DATABASE)
    _require_folder(folder / IMAGES)


def is_room(name: str) -> bool:
    """Whether a file of that name may be present where a memory is made: one that a killed process left behind."""
    return bool(name == LOCK or atomic_file.PART.fullmatch(name) or _HALF_MADE.fullmatch(name))


def sweep_half_made(folder: Path) -> None:
    """Remove what was left in ``folder`` when the making of a memory was interrupted."""
    atomic_file.sweep(folder)
    _unlink(folder, _HALF_MADE)


def drop_backups(folder: Path) -> None:
    """Remove the copies of the database that migrations made."""
    _unlink(folder, BACKUP)


def remove(folder: Path, *, keep_folder: bool) -> None:
    """Remove a memory that was just made: files with our own names, and folders that are then empty. The rest stays,
    and so does what cannot be removed."""
    with contextlib.suppress(OSError):
        for path in sorted((folder / IMAGES).glob("??/*")) if not (folder / IMAGES).is_symlink() else ():
            if COPY.fullmatch(path.relative_to(folder).as_posix()) and not path.parent.is_symlink():
                path.unlink()
        sweep_half_made(folder)
        _unlink(folder, NOTE)
        for name in (DATABASE, *_BESIDE, LOCK, JOURNAL):
            (folder / name).unlink(missing_ok=True)
    for path in (*(folder / IMAGES).glob("??"), folder / IMAGES, *(() if keep_folder else (folder,))):
        with contextlib.suppress(OSError):  # not empty, or a link
            path.rmdir()


def link_told(path: Path) -> str:
    return f"{path} is a symbolic link: no part of a memory may be one, since it leads outside of the folder"


def _unlink(folder: Path, form: re.Pattern[str]) -> None:
    for name in os.listdir(folder):  # noqa: PTH208 - names only
        if form.fullmatch(name):
            (folder / name).unlink(missing_ok=True)


def _require_file(path: Path, *, second_name: bool) -> None:
    try:
        found = path.lstat()
    except OSError:
        return  # a file that must exist is reported missing where it is opened
    if stat.S_ISLNK(found.st_mode):
        raise DamagedMemory(f"{link_told(path)}. Put the file itself in its place, or restore the memory.")
    if not stat.S_ISREG(found.st_mode):
        raise DamagedMemory(f"{path} is not a file.")
    if found.st_nlink > 1 and not second_name:
        raise DamagedMemory(
            f"{path} has a second name outside of the memory (a hard link), and an edit here would change that file. "
            "Copy the folder and use the copy."
        )


def _require_folder(path: Path) -> None:
    if path.is_symlink():
        raise DamagedMemory(f"{link_told(path)}. Nothing in it was read. Put the folder itself in its place.")
    if os.path.lexists(path) and not path.is_dir():
        raise DamagedMemory(f"{path} is not a folder.")
