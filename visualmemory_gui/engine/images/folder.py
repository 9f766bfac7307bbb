"""Walking a folder of images whose sub-folders are labels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.files.path_kind import is_folder
from visualmemory_gui.engine.images import files
from visualmemory_gui.engine.images.formats import looks_like_image
from visualmemory_gui.engine.types import Skipped

_MEMORY_SUFFIX = ".vmem"


@dataclass(frozen=True, slots=True)
class Walk:
    """``files`` are (absolute path, label), sorted by path; ``links`` counts the symbolic links that were skipped."""

    files: list[tuple[str, str]]
    skipped: list[Skipped]
    links: int


def walk(folder: str | Path) -> Walk:
    """The images below ``folder``; a sub-folder's path is the label, images directly in it get the folder's name.

    Files are recognised by their endings and not opened. Hidden files and folders are skipped silently, symbolic links
    are counted, memories and files that are not images are listed. The same tree gives the same walk. Raises BadValue.
    """
    root = Path(files.absolute(folder))
    if not is_folder(root):
        raise BadValue(f"{files.shown(folder)} is not a folder")
    walker = _Walker(root)
    while walker.waiting:
        walker.visit(walker.waiting.pop())
    walker.files.sort(key=lambda file: Path(file[0]).parts)
    walker.skipped.sort(key=lambda skipped: Path(skipped.path).parts)
    return Walk(walker.files, walker.skipped, walker.links)


class _Walker:
    """What was found so far; ``waiting`` holds the folders still to be visited, as parts below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.waiting: list[tuple[str, ...]] = [()]
        self.files: list[tuple[str, str]] = []
        self.skipped: list[Skipped] = []
        self.links = 0

    def visit(self, parts: tuple[str, ...]) -> None:
        folder = self.root.joinpath(*parts)
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError as error:
            if not parts:
                raise BadValue(f"{files.shown(folder)} cannot be read: {error.strerror}") from error
            self._skip(str(folder), f"the folder cannot be read ({error.strerror})")
            return
        for entry in entries:
            if not entry.name.startswith("."):
                self._take(entry, parts)

    def _take(self, entry: os.DirEntry[str], parts: tuple[str, ...]) -> None:
        if entry.is_symlink():
            self.links += 1
        elif files.shown(entry.name) != entry.name:
            self._skip(entry.path, "the name is not Unicode text; rename it")
        elif entry.is_dir(follow_symlinks=False):
            self._enter(entry, parts)
        elif not entry.is_file(follow_symlinks=False):
            self._skip(entry.path, "not a regular file")
        elif not looks_like_image(entry.name):
            self._skip(entry.path, "its ending is not that of an image")
        else:
            self.files.append((entry.path, "/".join(parts) or self.root.name))

    def _enter(self, entry: os.DirEntry[str], parts: tuple[str, ...]) -> None:
        if entry.name.endswith(_MEMORY_SUFFIX):
            self._skip(entry.path, "a memory, not a folder of images")
        else:
            self.waiting.append((*parts, entry.name))

    def _skip(self, path: str, reason: str) -> None:
        self.skipped.append(Skipped(files.shown(path), reason))
