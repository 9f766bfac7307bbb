"""Where a memory is, and what can be done with it there."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from visualmemory_gui.engine.errors import MemoryLocked, StorageError
from visualmemory_gui.engine.shared_memory.address import address_of, is_shared
from visualmemory_gui.engine.store.layout import DATABASE

FILE = DATABASE  # in every memory's folder


def opening(memory: str | Path) -> str:
    """The name of the job that opens that memory: the same for every spelling of its place."""
    return f"open {real_place(memory)}"


def real_place(memory: str | Path) -> str:
    """The place of a memory as it is compared: a path without links, an address as it is spelled in full. What is no
    address, but looks like one, stays as it is."""
    if is_shared(memory):
        return str(address_of(memory) or memory)
    return os.path.realpath(memory)


def place_name(memory: str) -> str:
    """The name of a memory at a path or an address, as a list shows it."""
    address = address_of(memory)
    return Path(memory).name if address is None else address.collection


def place_above(memory: str) -> str:
    """Where that memory is: its folder, or its server."""
    address = address_of(memory)
    return str(Path(memory).parent) if address is None else address.server


def show_in_folder(path: str) -> None:
    """Show in the desktop's file manager the folder that holds ``path``, or the nearest one that is there."""
    folder = next(each for each in Path(path).absolute().parents if each.is_dir())
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def open_file(path: str) -> None:
    """Open a file in the program that the desktop has for it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(path))


def only_readable(path: str | Path, error: BaseException) -> bool:
    """Whether ``error`` means that a memory cannot be edited but can still be read."""
    if isinstance(error, MemoryLocked):
        return True
    return isinstance(error, StorageError) and not os.access(path, os.W_OK) and (Path(path) / FILE).is_file()
