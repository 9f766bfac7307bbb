"""JPEG files of up to 400 megapixels are decoded at a part of their size, within the memory of a decoding child."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.images.child import MEMORY_BYTES
from visualmemory_gui.engine.images.decode import MAX_COEFFICIENT_BYTES, content_id
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.types import Geometry

LEFT, RIGHT = (20, 80, 200), (230, 60, 30)


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool(1, Geometry(size=64, resize=64), timeout_s=60.0) as found:
        yield found


def jpeg(path: Path, width: int, height: int, mode: str = "RGB", **options: object) -> Path:
    """A JPEG, blue at its left and red at its right."""
    colours = (LEFT, RIGHT) if mode == "RGB" else (40, 220)
    image = Image.new(mode, (width, height), colours[0])
    ImageDraw.Draw(image).rectangle((width // 2, 0, width, height), fill=colours[1])
    image.save(path, "JPEG", quality=85, **options)
    return path


def header(path: Path, width: int, height: int, **options: object) -> Path:
    """A JPEG whose header says another size than it was made with: what is refused is never decoded."""
    made = bytearray(jpeg(path, 64, 64, **options).read_bytes())
    for marker in (b"\xff\xc0", b"\xff\xc2"):
        if (at := made.find(marker)) >= 0:
            made[at + 5 : at + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    path.write_bytes(made)
    return path


def test_a_jpeg_of_192_megapixels_is_taken_like_any_other(
    pool: DecodePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    path = jpeg(tmp_path / "wide.jpg", 20_000, 9_600)
    first, second = pool.decode(path), pool.decode(path)
    assert (first.width, first.height) == (20_000, 9_600)
    assert first.content == second.content and np.array_equal(first.pixels, second.pixels)
    middle = first.pixels[32].astype(int)
    assert np.abs(middle[2] - LEFT).max() < 12 and np.abs(middle[-3] - RIGHT).max() < 12
    with Image.open(path) as reduced:
        reduced.draft(None, (512, 512))
        assert reduced.size == (2_500, 1_200)
        assert first.content == content_id(reduced.convert("RGB"))


def test_what_two_large_files_show_decides_their_content(pool: DecodePool, tmp_path: Path) -> None:
    one, copy = (jpeg(tmp_path / f"{name}.jpg", 12_000, 6_000) for name in ("one", "copy"))
    other = jpeg(tmp_path / "other.jpg", 12_000, 6_008)
    assert pool.decode(one).content == pool.decode(copy).content != pool.decode(other).content


@pytest.mark.parametrize(
    ("width", "height", "options"),
    [(20_000, 20_000, {}), (65_500, 1_000, {}), (1_000, 65_500, {}), (16_000, 12_000, {"progressive": True})],
)
def test_every_shape_up_to_400_megapixels_is_decoded_in_the_memory_of_a_child(
    pool: DecodePool, tmp_path: Path, width: int, height: int, options: dict[str, object]
) -> None:
    image = pool.decode(jpeg(tmp_path / "large.jpg", width, height, mode="L", **options))
    assert (image.width, image.height) == (width, height)


@pytest.mark.parametrize(
    ("options", "width", "height", "reason"),
    [
        ({}, 30_000, 20_000, "more than 400 megapixels"),
        ({"progressive": True}, 19_000, 19_000, "progressive JPEG of this size needs more memory"),
        ({"progressive": True, "subsampling": 0}, 14_000, 11_000, "save it as a baseline"),
    ],
)
def test_a_jpeg_that_is_too_large_is_refused_from_its_header_with_a_true_sentence(
    pool: DecodePool, tmp_path: Path, options: dict[str, object], width: int, height: int, reason: str
) -> None:
    with pytest.raises(BadImage, match=reason):
        pool.decode(header(tmp_path / "large.jpg", width, height, **options))


def test_other_formats_are_told_that_a_jpeg_may_be_larger(pool: DecodePool, tmp_path: Path) -> None:
    Image.new("1", (8_200, 8_000)).save(tmp_path / "large.png")
    with pytest.raises(BadImage, match="more than 64 megapixels; saved as JPEG it may have up to 400"):
        pool.decode(tmp_path / "large.png")


def test_what_a_progressive_jpeg_may_hold_leaves_room_for_the_rest() -> None:
    assert MEMORY_BYTES - MAX_COEFFICIENT_BYTES > 250_000_000


@pytest.mark.parametrize("damage", [b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"\xff\xd8\xff\xc0\x00\x03\x08"])
def test_a_jpeg_that_ends_in_its_header_is_damaged(pool: DecodePool, tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "cut.jpg").write_bytes(damage)
    with pytest.raises(BadImage, match="damaged or incomplete"):
        pool.decode(tmp_path / "cut.jpg")
