"""The place where an image was taken goes; the pixels stay, to the last bit."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, TiffImagePlugin, TiffTags

from tests.engine.exchange.memories import paint
from visualmemory_gui.engine.exchange.privacy import without_private
from visualmemory_gui.engine.images.decode import decode
from visualmemory_gui.engine.types import Geometry

GPS = {1: "N", 2: (48.0, 8.0, 11.7), 3: "E", 4: (11.0, 34.0, 33.9), 29: "2021:02:03"}
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description exif:GPSLatitude="48,8.1951N"
 tiff:Orientation="1"><exif:GPSLongitude>11,34.565E</exif:GPSLongitude></rdf:Description></rdf:RDF></x:xmpmeta>"""


def exif(orientation: int = 6) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    found[0x010F] = "A maker of cameras"
    found.get_ifd(0x8825).update(GPS)
    return found


def tiff_tags() -> TiffImagePlugin.ImageFileDirectory_v2:
    found = TiffImagePlugin.ImageFileDirectory_v2()
    found[0x010F] = "A maker of cameras"
    found[0x8825] = GPS
    found.tagtype[0x8825] = TiffTags.LONG
    return found


def places(path: Path) -> dict[int, object]:
    with Image.open(path) as image:
        return dict(image.getexif().get_ifd(0x8825))


CASES = {
    "JPEG": (".jpg", {"exif": exif()}),
    "PNG": (".png", {"exif": exif()}),
    "WebP": (".webp", {"exif": exif(), "lossless": True}),
    "TIFF": (".tif", {"tiffinfo": tiff_tags()}),
    "AVIF": (".avif", {"exif": exif(), "quality": 90}),
    "JPEG with XMP": (".jpg", {"exif": exif(1), "xmp": XMP}),
    "WebP with XMP": (".webp", {"exif": exif(1), "xmp": XMP}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_place_goes_and_the_content_stays(tmp_path: Path, name: str) -> None:
    suffix, options = CASES[name]
    before = paint(tmp_path / f"before{suffix}", 1, **options)
    assert places(before)
    after = tmp_path / f"after{suffix}"
    after.write_bytes(without_private(before.read_bytes()))
    assert places(after) == {}
    assert decode(after, Geometry()).content == decode(before, Geometry()).content
    with Image.open(after) as image:
        assert image.getexif()[0x010F] == "A maker of cameras"
    assert b"GPSL" not in after.read_bytes()


def test_the_numbers_themselves_are_gone(tmp_path: Path) -> None:
    before = paint(tmp_path / "a.jpg", 1, exif=exif()).read_bytes()
    assert b"2021:02:03" in before
    assert b"2021:02:03" not in without_private(before)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".bmp", ".webp", ".tif", ".ppm"])
def test_an_image_that_names_no_place_keeps_its_very_bytes(tmp_path: Path, suffix: str) -> None:
    data = paint(tmp_path / f"a{suffix}", 2).read_bytes()
    assert without_private(data) == data


@pytest.mark.parametrize("cut", range(0, 400, 23))
def test_a_damaged_image_raises_nothing(tmp_path: Path, cut: int) -> None:
    data = paint(tmp_path / "a.jpg", 3, exif=exif()).read_bytes()
    without_private(data[:cut])
    without_private(data[:cut] + bytes(8) + data[cut:])


def test_a_drawing_loses_the_paths_that_its_editor_wrote_and_nothing_else(tmp_path: Path) -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" {}viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
    data = drawing.format("sodipodi:docbase='/home/me' inkscape:export-filename=\"/home/me/a.png\" ").encode()
    after = without_private(data)
    assert b"/home" not in after and after.split() == drawing.format("").encode().split()
    assert without_private(after) == after
