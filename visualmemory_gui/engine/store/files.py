"""Copies of images inside the memory, named by the hash of their bytes: ``images/ab/cdef….png``.

Before copies are made for new exemplars, or exemplars with copies are deleted, a note ``.vmem-<16 hex>.copies`` lists
them, one per line; it is removed at the end. A copy that such a note still names at the next opening, and that no
exemplar uses, was left behind when the work was cut off.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from visualmemory_gui.engine.errors import BadValue, StorageError
from visualmemory_gui.engine.files import atomic_file
from visualmemory_gui.engine.files.atomic_file import is_own, sync_folder
from visualmemory_gui.engine.store import layout
from visualmemory_gui.engine.store.copies import Copy

FOLDER = layout.IMAGES
Used = Callable[[Collection[Copy]], set[Copy]]
"""Which of these copies an exemplar uses."""


class ImageFiles:
    """The image copies of the memory in ``folder``. A file is complete or not there; a link is never followed."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder).absolute()
        self._noted: Counter[Copy] = Counter()
        self._lock = threading.Lock()

    def path_of(self, sha256: str, suffix: str) -> Path:
        """Where the copy is, if there is one. Raises BadValue for anything but a hash and a file ending."""
        if not (re.fullmatch(r"[0-9a-f]{64}", sha256) and re.fullmatch(r"\.[a-z0-9]{1,8}", suffix)):
            raise BadValue(f"{sha256!r} with {suffix!r} does not name an image copy")
        return self._folder / FOLDER / sha256[:2] / (sha256[2:] + suffix)

    def find(self, sha256: str) -> list[Path]:
        """The copies of a file in this memory, whatever their ending."""
        folder = self.path_of(sha256, ".x").parent
        return [path for path in sorted(folder.glob(f"{sha256[2:]}.*")) if self.is_copy(path)]

    def is_copy(self, path: Path) -> bool:
        """Whether ``path`` is a file named like a copy, in folders of the memory itself."""
        named = layout.COPY.fullmatch(path.relative_to(self._folder).as_posix())
        return bool(named) and is_own(path) and self._link_above(path) is None

    def keep(self, source: str | Path | bytes, sha256: str, suffix: str) -> str:
        """Copy a file, or its bytes, into the memory, on disk when this returns; the path relative to its folder.

        Raises StorageError when it cannot be copied; then nothing is left behind.
        """
        target = self.path_of(sha256, suffix)
        link = self._link_above(target)
        if link is not None:
            raise StorageError(f"{layout.link_told(link)}; nothing is copied there.")
        if not is_own(target):
            try:
                self._make(target.parent)
                with _opened(source) as reader, atomic_file.write(target) as writer:
                    shutil.copyfileobj(reader, writer, 1 << 20)
            except OSError as error:
                what = "an image" if isinstance(source, bytes) else source
                raise StorageError(f"{what} cannot be copied into the memory: {error.strerror or error}.") from error
        return target.relative_to(self._folder).as_posix()

    def unlink(self, sha256: str, suffix: str) -> bool:
        """Remove a copy for good; False when it was not there."""
        target = self.path_of(sha256, suffix)
        if self._link_above(target) is not None:
            return False
        try:
            target.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise StorageError(f"{target} cannot be removed: {error.strerror}.") from error
        sync_folder(target.parent)
        return True

    def all(self) -> Iterator[Path]:
        """Everything in the folder of copies, no link followed: files, links, and what is neither."""
        top = self._folder / FOLDER
        for folder, folders, names in os.walk(top) if not top.is_symlink() else ():
            here = Path(folder)
            yield from sorted(here / name for name in names)
            yield from (here / name for name in sorted(folders) if (here / name).is_symlink())

    def drop_unused(self, used: Iterable[Copy]) -> None:
        """Remove every copy that is not among ``used``, and what killed writers left; other files stay."""
        for folder in {path.parent for path in self.all()}:
            atomic_file.sweep(folder)
        stay = {self.path_of(*copy) for copy in used}
        for path in self.all():
            if path not in stay and self.is_copy(path):
                path.unlink()

    @contextmanager
    def noted(self, copies: Collection[Copy], used: Used) -> Iterator[None]:
        """Within the block ``copies`` are made before the exemplars that use them, or lose their last exemplar. Those
        that no exemplar uses are removed at its end, also when it raises; after a kill, by the next ``sweep``.

        Raises StorageError where that cannot be noted.
        """
        named = set(copies)
        with self._lock:
            self._noted.update(named)
        try:
            note = self._note(named) if named else None
            try:
                yield
            finally:
                if note is not None:
                    self._settle(note, named, used)
        finally:
            with self._lock:
                self._noted.subtract(named)
                self._noted = +self._noted

    def sweep(self, used: Used) -> None:
        """Remove what adds and writers that were killed left behind. Only where the memory's lock is held."""
        atomic_file.sweep(self._folder)
        with contextlib.suppress(OSError):  # a memory that opens is made: its journal was about to be removed
            (self._folder / layout.JOURNAL).unlink(missing_ok=True)
        with contextlib.suppress(OSError, StorageError):  # what cannot be removed stays for the next time
            for note in [self._folder / name for name in os.listdir(self._folder) if layout.NOTE.fullmatch(name)]:  # noqa: PTH208
                left = _said(note)
                for folder in {self.path_of(*copy).parent for copy in left}:
                    if not folder.is_symlink():
                        atomic_file.sweep(folder)
                for copy in left - used(left):
                    self.unlink(*copy)
                note.unlink()

    def _note(self, copies: Collection[Copy]) -> Path:
        """Write the note, on disk no later than the first copy: syncing that one's folder saves earlier names too. A
        note that was cut off does no harm, since nothing was copied yet."""
        note = self._folder / f".vmem-{secrets.token_hex(8)}.copies"
        try:
            with atomic_file.create(note) as file:
                file.writelines(f"{sha256}{suffix}\n".encode() for sha256, suffix in sorted(copies))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                note.unlink(missing_ok=True)
            raise StorageError(f"{self._folder} cannot take copies of images: {error.strerror or error}.") from error
        return note

    def _settle(self, note: Path, copies: Collection[Copy], used: Used) -> None:
        """Remove the copies that no exemplar uses and no other add is about to use, then the note."""
        with contextlib.suppress(OSError, StorageError), self._lock:
            for copy in {copy for copy in copies if self._noted[copy] == 1} - used(copies):
                self.unlink(*copy)
            note.unlink()

    def _link_above(self, path: Path) -> Path | None:
        """The first folder on the way to a copy that is a link."""
        return next((folder for folder in (path.parent.parent, path.parent) if folder.is_symlink()), None)

    def _make(self, folder: Path) -> None:
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for made in missing:
            sync_folder(made.parent)


def _opened(source: str | Path | bytes) -> BinaryIO:
    return BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


def _said(note: Path) -> set[Copy]:
    """The copies that a note names; lines that name none are skipped."""
    try:
        with atomic_file.open_own(note) as file:
            found = [re.fullmatch(rb"([0-9a-f]{64})(\.[a-z0-9]{1,8})\n?", line) for line in file]
    except OSError:
        return set()
    return {(match[1].decode(), match[2].decode()) for match in found if match}
