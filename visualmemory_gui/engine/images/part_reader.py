"""PartReader: reads files at their full size, and cuts parts out of the upright image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from visualmemory_gui.engine.images import files
from visualmemory_gui.engine.images.decode import Upright, part, prepared, read_upright, reading
from visualmemory_gui.engine.types import Box, DecodedImage, Geometry


class PartReader:
    """Decodes files at their full size, whole or in parts. It keeps the last one, so that a further part needs no
    decoding."""

    def __init__(self) -> None:
        self._key: tuple[str, Geometry] | None = None
        self._last: tuple[DecodedImage, Upright] | None = None

    def drop(self) -> None:
        """Release the file that was kept."""
        self._key = self._last = None

    def decode(self, path: str | Path, geometry: Geometry, box: Box) -> DecodedImage:
        """The part ``box`` of the file ``path``. Raises BadImage, and BadValue where it does not fit.

        The original's content id is that which ``decode`` gives the whole file, for a large JPEG that of its reduced
        decoding.
        """
        with reading(path) as (source, sha256):
            whole, upright = self._original(source, (sha256, geometry))
            named = replace(whole, sha256=sha256, source=files.absolute(path))
            return part(upright, box, named, geometry)

    def whole(self, path: str | Path, geometry: Geometry) -> tuple[Upright, str]:
        """All pixels of the file ``path``, and the sha256 of its bytes. Raises BadImage."""
        with reading(path) as (source, sha256):
            return self._original(source, (sha256, geometry))[1], sha256

    def _original(self, source: BinaryIO, key: tuple[str, Geometry]) -> tuple[DecodedImage, Upright]:
        """The whole as ``decode`` gives it, and its pixels; what was kept, where the file's bytes are the same."""
        if self._last is None or self._key != key:
            self.drop()  # before the next is decoded: both would not fit into the child
            self._key, self._last = key, _read(source, key[1])
        return self._last


def _read(source: BinaryIO, geometry: Geometry) -> tuple[DecodedImage, Upright]:
    upright, suffix = read_upright(source, geometry)
    whole = replace(prepared(upright, geometry), suffix=suffix)
    if upright.is_full_size:
        return whole, upright
    del upright
    source.seek(0)
    # A JPEG of more than 64 megapixels does not fit into the child at its full size: it is read at 1/2, 1/4 or 1/8 of
    # it, and the box is scaled likewise, so that a small part of such an image is coarser than its file.
    return whole, read_upright(source, None)[0]
