"""Opening a file that was named by a person and may be anything: only regular files are opened."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class Irregular(Exception):
    """Says what was found in place of a regular file: "a pipe"."""


def open_regular(path: str | Path) -> BinaryIO:
    """Open a regular file for reading. Raises Irregular; OSError, and ValueError for what cannot be a file name.

    Pipes and devices are refused before they are opened, for opening one can wait for ever; the check is repeated on
    the open file, in case something else has taken the name since.
    """
    _require_regular(Path(path).stat())
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    file = os.fdopen(os.open(path, flags), "rb")
    try:
        _require_regular(os.fstat(file.fileno()))
    except Irregular:
        file.close()
        raise
    return file


def _require_regular(info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise Irregular(next((words for check, words in _KINDS if check(info.st_mode)), "not a regular file"))
