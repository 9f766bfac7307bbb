"""Export targets: written under a temporary name beside their place, renamed when whole, gone when not."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visualmemory_gui.engine.errors import ExchangeError, StorageError
from visualmemory_gui.engine.store.filesystem import sync_folder


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Yields a temporary path to write to; it becomes ``target`` on success and is removed on any error.

    Raises ExchangeError when something stands at ``target``, StorageError when it cannot be written.
    """
    if os.path.lexists(target):
        raise ExchangeError(f"{target} is there already: name a new file, or move this one away")
    with _told(target):
        part = _beside(target)
        part.touch(exist_ok=False)
        try:
            yield part
            with part.open("rb") as file:
                os.fsync(file.fileno())
            _move(part, target)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yields a temporary folder; it becomes ``target`` on success and is removed on any error.

    ``target`` may be an empty folder. Raises ExchangeError when it holds anything, StorageError when it cannot be
    written.
    """
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        raise ExchangeError(f"{target} is not empty: name a new folder, or an empty one")
    with _told(target):
        part = _beside(target)
        part.mkdir()
        try:
            yield part
            _move(part, target)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def scratch(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` for parts of it, gone afterwards."""
    part = _beside(target)
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _move(part: Path, target: Path) -> None:
    """Give ``part`` its name for good, or take it back."""
    part.replace(target)
    try:
        sync_folder(target.parent)
    except OSError:
        target.replace(part)
        raise


@contextmanager
def _told(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(f"{target} cannot be written: {reason}; nothing was left behind") from error


def _beside(target: Path) -> Path:
    return target.parent / f".{target.name[:100]}.{secrets.token_hex(4)}.part"
