"""The file of an image: the copy in the memory or the original, as long as it is unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.engine.errors import BadImage

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.types import FullImage

GONE = "the original is no longer there"
CHANGED = "the original has changed since"
NO_FILE = "it was not read from a file"


def places(memory: Memory, sha256: str | None, source: str | None) -> list[Path]:
    """Where the image may be: first the copies in the memory, then the original."""
    copies = memory.files.find(sha256) if sha256 is not None else []
    return [*copies, *([Path(source)] if source is not None else [])]


def read_original(memory: Memory, sha256: str | None, source: str | None) -> FullImage:
    """All pixels of the image whose file had this ``sha256``. Raises BadImage, which says whether it is gone."""
    name = source or "image"
    if sha256 is None:
        raise BadImage(name, NO_FILE)
    reason = GONE
    for path in places(memory, sha256, source):
        if not path.is_file():
            continue
        try:
            image = memory.full_image(path)
        except BadImage as error:
            reason = error.reason
            continue
        if image.sha256 == sha256:
            return image
        reason = CHANGED
    raise BadImage(name, reason)
