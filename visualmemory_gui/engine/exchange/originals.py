"""The bytes of an exemplar's image: the copy in the memory, or the original if it is unchanged."""

from __future__ import annotations

import hashlib
import re
import stat
from pathlib import Path

from visualmemory_gui.engine.exchange.privacy import without_private
from visualmemory_gui.engine.memory.original_image import places
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.types import Exemplar

LARGEST = 1 << 30  # bytes of one image, imported or exported
SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


def original(m: Memory, exemplar: Exemplar, *, keep_private: bool) -> tuple[bytes, str] | None:
    """The image's bytes and file ending; None if it cannot be read or has changed.

    Without ``keep_private`` the place where it was taken is blanked; its pixels are the same to the last bit.
    """
    if exemplar.sha256 is None:
        return None
    for path in places(m, exemplar.sha256, exemplar.source):
        data = _read(path)
        if data is not None and hashlib.sha256(data).hexdigest() == exemplar.sha256:
            suffix = path.suffix.lower()
            if SUFFIX.fullmatch(suffix):
                return (data if keep_private else without_private(data)), suffix
    return None


def _read(path: Path) -> bytes | None:
    try:
        found = path.stat()
        if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST:
            return path.read_bytes()
    except (OSError, ValueError):
        pass
    return None
