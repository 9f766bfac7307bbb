"""The file of an image: the copy in the memory or the original, as long as it is unchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from visualmemory_gui.engine.errors import BadImage, BadValue
from visualmemory_gui.engine.files.path_kind import is_file
from visualmemory_gui.engine.memory.image_reader import CHANGED, GONE, NO_FILE, file_sha256
from visualmemory_gui.engine.types import U8, Box, DecodedImage, FullImage

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

Read = TypeVar("Read", DecodedImage, FullImage)


def places(memory: Memory, sha256: str | None, source: str | None) -> list[Path]:
    """Where the image may be: first the copies in the memory, then the original."""
    copies = memory.files.find(sha256) if sha256 is not None else []
    return [*copies, *([Path(source)] if source is not None else [])]


def file_of(memory: Memory, sha256: str | None, source: str | None) -> Path | None:
    """Where the image is now, whether it changed or not: the original, else a copy; None where both are gone."""
    return next(filter(is_file, places(memory, sha256, source)[::-1]), None)


def read_original(memory: Memory, sha256: str | None, source: str | None) -> FullImage:
    """All pixels of the image whose file had this ``sha256``. Raises BadImage, which says whether it is gone."""
    return _unchanged(places(memory, sha256, source), sha256, source, memory.full_image)


def decode_original(memory: Memory, sha256: str | None, source: str | None, box: Box | None) -> DecodedImage:
    """The image whose file had this ``sha256``, or the part ``box`` of it. The original comes before its copies.

    Raises BadImage, which says whether it is gone, and BadValue where the box does not fit.
    """
    return _unchanged(places(memory, sha256, source)[::-1], sha256, source, lambda path: memory.decode(path, box))


def cut_part(memory: Memory, of: DecodedImage, box: Box, pixels: Callable[[Box], U8]) -> DecodedImage:
    """The part ``box`` of the image that ``of`` is, or is itself a part of, cut from the ``pixels`` already read of it.

    The same as ``decode_original`` gives. Raises BadImage where no file has the bytes that were read any more, and
    BadValue where the box does not fit.
    """
    from visualmemory_gui.engine.images.decode import part_from

    inside = box.within(of.width, of.height)
    if (inside.w, inside.h) == (of.width, of.height):
        return decode_original(memory, of.sha256, of.source, inside)
    whole = of if of.original is None else replace(of, content=of.original, box=None, original=None)
    here = [path for path in places(memory, whole.sha256, whole.source) if is_file(path)]
    if not any(file_sha256(str(path)) == whole.sha256 for path in reversed(here)):
        raise BadImage(whole.source or "image", CHANGED if here else GONE)
    return part_from(whole, inside, memory.decode(pixels(inside)))


def _unchanged(places: list[Path], sha256: str | None, source: str | None, read: Callable[[Path], Read]) -> Read:
    name = source or "image"
    if sha256 is None:
        raise BadImage(name, NO_FILE)
    reason, misfit = GONE, None
    for path in filter(is_file, places):
        try:
            image = read(path)
        except BadImage as error:
            reason = error.reason
        except BadValue as error:  # it may be another image now
            reason, misfit = CHANGED, misfit or (error if file_sha256(str(path)) == sha256 else None)
        else:
            if image.sha256 == sha256:
                return image
            reason = CHANGED
    raise misfit or BadImage(name, reason)
