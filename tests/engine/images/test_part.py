"""A part of an image: cut from the upright image at its full size, whatever the file looks like."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visualmemory_gui.engine.errors import BadImage, BadValue
from visualmemory_gui.engine.images import decode as decoding
from visualmemory_gui.engine.images.decode import decode, from_array
from visualmemory_gui.engine.images.part_reader import PartReader
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.types import Box, Geometry

ORIENTATION = 0x0112


@pytest.fixture
def geometry() -> Geometry:
    return Geometry(size=32, resize=32)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def content_of(image: Image.Image) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()


@pytest.mark.parametrize("given", ["10,20,30,40", " 10, 20 ,30,40", (10, 20, 30, 40), np.array([10, 20, 30, 40])])
def test_a_box_is_read_from_text_and_from_numbers(given: object):
    assert Box.of(given) == Box(10, 20, 30, 40)
    assert str(Box.of(given)) == "10,20,30,40"


@pytest.mark.parametrize(
    "given",
    ["", "1,2,3", "1,2,30,40,5", "1.5,2,30,40", "a,b,c,d", "-1,0,20,20", "0,0,7,20", "0,0,20,0", "0,0,-9,9",
     "0,0,99999999999,20", [1, 2, 30], [1.0, 2, 30, 40], [True, 0, 20, 20], 7, None, b"1,2", {"x": 1}, "٣,0,20,20"],
)  # fmt: skip
def test_what_is_no_box_is_refused(given: object):
    with pytest.raises(BadValue):
        Box.of(given)


def test_a_box_is_clipped_to_the_image():
    assert Box(90, 40, 50, 50).within(100, 60) == Box(90, 40, 10, 20)
    for outside in (Box(100, 0, 20, 20), Box(0, 60, 20, 20), Box(93, 0, 20, 20)):
        with pytest.raises(BadValue, match="does not fit the image of 100 x 60 pixels"):
            outside.within(100, 60)


def test_a_part_has_the_pixels_in_its_box_and_the_size_and_content_id_of_the_original(tmp_path: Path, geometry):
    image, path = noise(90, 60), tmp_path / "a.png"
    image.save(path)
    whole, part = decode(path, geometry), PartReader().decode(path, geometry, Box(50, 10, 80, 20))
    assert part.box == Box(50, 10, 40, 20)
    assert part.content == content_of(image.crop((50, 10, 90, 30)))
    assert part.original == whole.content == content_of(image)
    assert (part.width, part.height, part.sha256, part.source) == (90, 60, whole.sha256, str(path))


def test_a_box_of_the_whole_image_is_the_image(tmp_path: Path, geometry):
    path = tmp_path / "a.png"
    noise(90, 60).save(path)
    whole, part = decode(path, geometry), PartReader().decode(path, geometry, Box(0, 0, 500, 500))
    assert (part.box, part.original, part.content) == (None, None, whole.content)
    assert np.array_equal(part.pixels, whole.pixels)


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_box_counts_the_pixels_of_the_upright_image(tmp_path: Path, geometry, turn: int):
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    path = tmp_path / "a.png"
    noise(90, 60).save(path, exif=exif)
    with decoding.reading(path) as (source, _):
        upright = decoding.read_upright(source, geometry)[0].rgb
    part = PartReader().decode(path, geometry, Box(5, 30, 40, 25))
    assert part.content == content_of(upright.crop((5, 30, 45, 55)))
    assert (part.width, part.height) == upright.size


def test_a_part_of_a_large_jpeg_is_cut_at_full_size(tmp_path: Path, geometry):
    path = tmp_path / "a.jpg"
    noise(1300, 1100).save(path, quality=90)
    whole, part = decode(path, geometry), PartReader().decode(path, geometry, Box(700, 300, 64, 48))
    with Image.open(path) as image:
        assert part.content == content_of(image.convert("RGB").crop((700, 300, 764, 348)))
        assert whole.content != content_of(image.convert("RGB"))  # the whole is read at half its size
    assert (part.original, part.width) == (whole.content, 1300)


def test_where_full_size_does_not_fit_the_box_is_scaled(tmp_path: Path, geometry, monkeypatch):
    path, image = tmp_path / "a.jpg", Image.new("RGB", (1600, 1200), "white")
    image.paste("black", (800, 600, 1000, 800))
    image.save(path)
    monkeypatch.setattr(decoding, "MAX_PIXELS", 500_000)  # so that it is read at 1/2
    part = PartReader().decode(path, geometry, Box(800, 600, 200, 200))
    assert part.pixels.max() < 40
    assert (part.box, part.width, part.height) == (Box(800, 600, 200, 200), 1600, 1200)


def test_a_file_that_changed_is_read_again(tmp_path: Path, geometry):
    path, reader = tmp_path / "a.png", PartReader()
    contents = []
    for seed in (1, 2):
        noise(90, 60, seed).save(path)
        part = reader.decode(path, geometry, Box(0, 0, 20, 20))
        contents.append(part.content)
        assert part.original == content_of(noise(90, 60, seed))
    assert contents[0] != contents[1]


def test_the_decoding_child_gives_the_same_part(tmp_path: Path, geometry):
    path = tmp_path / "ü 😀.png"
    noise(90, 60).save(path)
    here = PartReader().decode(path, geometry, Box(5, 6, 30, 20))
    with DecodePool(workers=1, geometry=geometry) as pool:
        for _ in range(2):
            there = pool.decode(path, Box(5, 6, 30, 20))
            assert (there.box, there.content, there.original) == (here.box, here.content, here.original)
            assert np.array_equal(there.pixels, here.pixels)
        with pytest.raises(BadValue, match="does not fit"):
            pool.decode(path, Box(500, 6, 30, 20))
        assert pool.decode(path).box is None
        path.write_bytes(path.read_bytes()[:90])
        with pytest.raises(BadImage):
            pool.decode(path, Box(5, 6, 30, 20))


def test_a_part_of_pixels_is_cut_likewise(geometry):
    image = noise(90, 60)
    part = from_array(np.asarray(image), geometry, Box(5, 6, 30, 20))
    assert (part.content, part.original) == (content_of(image.crop((5, 6, 35, 26))), content_of(image))


@pytest.mark.parametrize("turn", [1, 6])
def test_a_file_can_be_read_with_all_its_pixels_upright_and_its_part_is_then_known(tmp_path: Path, geometry, turn: int):
    image, path = noise(1900, 1300), tmp_path / "a.png"  # more than one strip
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    image.save(path, exif=exif)
    upright = np.asarray(image if turn == 1 else image.transpose(Image.Transpose.ROTATE_270))
    with DecodePool(workers=1, geometry=geometry) as pool:
        full = pool.full_image(path)
        part = pool.decode(path, Box(10, 20, 30, 40))
    assert np.array_equal(full.pixels, upright) and (full.height, full.width) == upright.shape[:2]
    assert full.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert part.content == content_of(Image.fromarray(upright[20:60, 10:40]))


def test_what_cannot_be_read_says_why_and_the_next_is_read(tmp_path: Path, geometry):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n no")
    noise(20, 20).save(tmp_path / "good.png")
    with DecodePool(workers=1, geometry=geometry) as pool:
        for name in ("bad.png", "gone.png"):
            with pytest.raises(BadImage, match=name):
                pool.full_image(tmp_path / name)
        assert pool.full_image(tmp_path / "good.png").pixels.shape == (20, 20, 3)
