"""How images are brought to the encoder's size."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from visualmemory_gui.engine.images.geometry import fit
from visualmemory_gui.engine.images.thumbnails import thumbnail
from visualmemory_gui.engine.types import Geometry

SHAPES = [(1, 1), (3, 7), (224, 224), (640, 480), (480, 641), (60_000, 1), (1, 60_000), (2001, 3)]


@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("how", ["letterbox", "crop"])
def test_every_shape_fits(size: tuple[int, int], how: str) -> None:
    pixels = fit(Image.new("RGB", size, (10, 200, 30)), Geometry(fit=how, resize=256))
    assert pixels.shape == (224, 224, 3) and pixels.dtype == np.uint8
    assert (pixels == (10, 200, 30)).all(axis=2).any()


def test_letterbox_shows_the_whole_image_on_white() -> None:
    pixels = fit(Image.new("RGB", (400, 200), (0, 0, 0)), Geometry(size=100))
    assert (pixels[25:75] == 0).all()
    assert (pixels[:25] == 255).all() and (pixels[75:] == 255).all()


def test_crop_shows_the_middle() -> None:
    image = Image.new("RGB", (600, 200), (255, 0, 0))
    image.paste((0, 0, 255), (200, 0, 400, 200))
    assert (fit(image, Geometry(size=80, fit="crop", resize=100)) == (0, 0, 255)).all()


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(640, 480), (301, 512), (257, 900), (224, 224), (100, 90)])
def test_crop_is_what_torchvision_does(size: tuple[int, int], interpolation: str) -> None:
    from torchvision.transforms import v2
    from torchvision.transforms.functional import InterpolationMode

    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8))
    steps = v2.Compose([v2.Resize(256, InterpolationMode(interpolation)), v2.CenterCrop(224)])
    ours = fit(image, Geometry(fit="crop", resize=256, interpolation=interpolation))
    assert np.array_equal(ours, np.asarray(steps(image)))


@pytest.mark.parametrize("size", SHAPES)
def test_thumbnails_are_small_jpegs_of_the_same_shape(size: tuple[int, int]) -> None:
    small = Image.open(BytesIO(thumbnail(Image.new("RGB", size, (9, 99, 199)))))
    assert small.format == "JPEG" and max(small.size) <= 256
    if max(size) <= 256:
        assert small.size == size


def test_thumbnails_carry_no_metadata() -> None:
    image = Image.new("RGB", (300, 300))
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    image.info["exif"] = exif.tobytes()
    image.info["comment"] = b"where I live"
    assert b"where I live" not in thumbnail(image)
    assert not Image.open(BytesIO(thumbnail(image))).getexif()
