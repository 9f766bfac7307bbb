"""Copies of images inside the memory, named by the hash of their bytes: ``images/ab/cdef….png``."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from visualmemory_gui.engine.errors import BadValue, StorageError
from visualmemory_gui.engine.store.filesystem import sync_folder

FOLDER = "images"
_PART = ".part"


class ImageFiles:
    """The image copies of the memory in ``folder``. A file is complete or not there."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder).absolute()

    def path_of(self, sha256: str, suffix: str) -> Path:
        """Where the copy lies, if there is one. Raises BadValue on what is no hash or no file ending."""
        if not (re.fullmatch(r"[0-9a-f]{64}", sha256) and re.fullmatch(r"\.[a-z0-9]{1,8}", suffix)):
            raise BadValue(f"{sha256!r} with {suffix!r} names no image copy")
        return self._folder / FOLDER / sha256[:2] / (sha256[2:] + suffix)

    def keep(self, path: str | Path, sha256: str, suffix: str) -> str:
        """Copy the file ``path`` here, on disk when this returns; its place relative to the memory's folder.

        Raises StorageError when it cannot be copied; then nothing is left behind.
        """
        target = self.path_of(sha256, suffix)
        if not target.exists():
            part = target.with_name(f"{target.name}.{os.getpid()}{_PART}")
            try:
                self._make(target.parent)
                _copy(Path(path), part)
                part.rename(target)
                sync_folder(target.parent)
            except OSError as error:
                for left in (part, target):
                    with suppress(OSError):  # on a disk that is broken
                        left.unlink(missing_ok=True)
                raise StorageError(f"{path} cannot be copied into the memory: {error.strerror or error}.") from error
        return target.relative_to(self._folder).as_posix()

    def unlink(self, sha256: str, suffix: str) -> bool:
        """Remove a copy for good; False when it was not there. Its folder goes when it is empty."""
        target = self.path_of(sha256, suffix)
        try:
            target.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageError(f"{target} cannot be removed: {error.strerror}.") from error
        sync_folder(target.parent)
        return True

    def all(self) -> Iterator[Path]:
        """Every file in the folder of copies, unfinished ones of a crash too."""
        yield from (path for path in sorted((self._folder / FOLDER).rglob("*")) if not path.is_dir())

    def _make(self, folder: Path) -> None:
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for made in missing:
            sync_folder(made.parent)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)
        writer.flush()
        os.fsync(writer.fileno())
