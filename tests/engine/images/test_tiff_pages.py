"""Of a TIFF file of several pages the first is taken, and how many there are is known."""

from __future__ import annotations

import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from visualmemory_gui.engine.images.decode import decode
from visualmemory_gui.engine.images.part_reader import PartReader
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.images.tiff_pages import MOST, page_count
from visualmemory_gui.engine.types import Box, Geometry

COLOURS = ("red", "green", "blue")


def pages(count: int, **options: object) -> bytes:
    out = BytesIO()
    first, *rest = (Image.new("RGB", (40, 30), COLOURS[at % 3]) for at in range(count))
    first.save(out, "TIFF", save_all=True, append_images=rest, **options)
    return out.getvalue()


def directory(next_at: int, *, order: str = "<", entries: tuple[tuple[int, int, int], ...] = ((256, 4, 1),)) -> bytes:
    body = b"".join(struct.pack(f"{order}HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return struct.pack(f"{order}H", len(entries)) + body + struct.pack(f"{order}I", next_at)


def chain(places: list[int], **options: object) -> bytes:
    """A TIFF of directories of 18 bytes, one behind the other; each names the next in ``places``."""
    return b"II*\0" + struct.pack("<I", 8) + b"".join(directory(place, **options) for place in places)


COUNTED: dict[str, tuple[Callable[[], bytes], int]] = {
    "one": (lambda: pages(1), 1),
    "three": (lambda: pages(3), 3),
    "compressed": (lambda: pages(12, compression="tiff_lzw"), 12),
    "big": (lambda: pages(2, big_tiff=True), 2),
    "in a circle": (lambda: chain([26, 8]), 2),
    "to itself": (lambda: chain([8]), 1),
    "beyond the end": (lambda: chain([2**31]), 1),
    "cut": (lambda: chain([26]) + b"\1", 1),
    "reduced copies": (lambda: chain([26]) + directory(44) + directory(0, entries=((254, 4, 1),)), 2),
    "without end": (lambda: chain([8 + 18 * (at + 1) for at in range(MOST + 5)]), MOST),
    "nothing": (lambda: b"II*\0", 1),
    "other order": (lambda: b"MM\0*" + struct.pack(">I", 8) + directory(26, order=">") + directory(0, order=">"), 2),
}


@pytest.mark.parametrize("name", COUNTED)
def test_pages_are_counted_whatever_the_file_says(name: str) -> None:
    made, count = COUNTED[name]
    source = BytesIO(made())
    source.seek(2)
    assert page_count(source) == count and source.tell() == 2


def test_the_first_page_is_taken_and_the_others_are_known(pool: DecodePool, tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(pages(12, compression="tiff_lzw"))
    (tmp_path / "one.tif").write_bytes(pages(1))
    found = pool.decode(tmp_path / "a.tif")
    assert (found.pages, tuple(found.pixels[32, 32])) == (12, (255, 0, 0))
    assert found.content == pool.decode(tmp_path / "one.tif").content and pool.decode(tmp_path / "one.tif").pages == 1
    assert decode(tmp_path / "a.tif", Geometry()).pages == 12
    assert PartReader().decode(tmp_path / "a.tif", Geometry(), Box(0, 0, 20, 20)).pages == 12
