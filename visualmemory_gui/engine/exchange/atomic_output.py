"""Output files and folders that the user names: complete at the end, or not there at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path

from visualmemory_gui.engine.errors import ExchangeError, StorageError
from visualmemory_gui.engine.files import atomic_file


@contextmanager
def new_file(target: Path) -> Iterator[BufferedRandom]:
    """Yields a file to write to; it becomes ``target`` on success and is deleted on any error.

    Raises ExchangeError if ``target`` exists, StorageError if it cannot be written.
    """
    if os.path.lexists(target):
        raise ExchangeError(f"{target} already exists: name a new file, or move this one away")
    with saved_file(target) as file:
        yield file


@contextmanager
def saved_file(target: Path) -> Iterator[BufferedRandom]:
    """The same for a file that may exist: it is replaced on success, and left as it is on any error."""
    with _told(target):
        atomic_file.sweep(target.parent)
        with atomic_file.write(target) as file:
            yield file


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yields a folder to fill; it becomes ``target`` on success and is deleted on any error.

    ``target`` may be an empty folder. Raises ExchangeError if it holds anything, StorageError if it cannot be written.
    """
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        raise ExchangeError(f"{target} is not empty: name a new folder, or an empty one")
    with _told(target):
        atomic_file.sweep(target.parent)
        with atomic_file.write_folder(target) as part:
            yield part


@contextmanager
def _told(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(f"{target} cannot be written: {reason}; nothing was left behind") from error
