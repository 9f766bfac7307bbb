"""Opening a file that may be anything: regular files of a sane size are opened, all else is refused in words."""

from __future__ import annotations

import errno
import hashlib
import os
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.files import regular_file
from visualmemory_gui.engine.files.regular_file import Irregular

MAX_BYTES = 1_000_000_000
IN_MEMORY = 64 * 2**20
_CHUNK = 2**20
_REASONS = {
    errno.ENOENT: "there is no such file",
    errno.ENOTDIR: "there is no such file",
    errno.EACCES: "no permission to read the file",
    errno.EPERM: "no permission to read the file",
    errno.ELOOP: "a symbolic link that leads in a circle",
    errno.ENAMETOOLONG: "the file name is too long",
}


def shown(path: str | Path) -> str:
    """``path`` as text that can be printed and stored; bytes that are not Unicode are replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def absolute(path: str | Path) -> str:
    """The absolute path, links not followed."""
    return os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps "..", Path.resolve follows links


def told(path: str | Path, error: OSError) -> BadImage:
    """The refusal of ``path`` for the ``error`` that the operating system reported."""
    if error.errno == errno.ENOENT and Path(path).is_symlink():
        return BadImage(shown(path), "a symbolic link that leads to nothing")
    reason = _REASONS.get(error.errno or 0) or f"the file cannot be read ({error.strerror or error})"
    return BadImage(shown(path), reason)


def open_regular(path: str | Path) -> BinaryIO:
    """Open a regular file of 1 byte to 1 GB for reading. Raises BadImage."""
    try:
        file = regular_file.open_regular(path)
    except Irregular as error:
        raise BadImage(shown(path), f"{error}, not an image") from None
    except OSError as error:
        raise told(path, error) from None
    except ValueError:
        raise BadImage(shown(path).replace("\0", "?"), "not a file name") from None
    try:
        _refuse_by_size(path, os.fstat(file.fileno()).st_size)
    except BadImage:
        file.close()
        raise
    return file


def _refuse_by_size(path: str | Path, size: int) -> None:
    if size == 0:
        raise BadImage(shown(path), "the file is empty")
    if size > MAX_BYTES:
        raise BadImage(shown(path), "the file is larger than 1 GB")


def read_once(file: BinaryIO) -> tuple[BinaryIO, str]:
    """What to decode from, and the sha256 (hex) of the file's bytes.

    Files up to 64 MB are read once into memory, so that the sum and the pixels are of the same bytes; larger ones are
    read through for the sum and decoded from the file.
    """
    if os.fstat(file.fileno()).st_size <= IN_MEMORY:
        data = file.read(IN_MEMORY + 1)
        return BytesIO(data), hashlib.sha256(data).hexdigest()
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    file.seek(0)
    return file, digest.hexdigest()
