"""What an image looks like once it is decoded, whatever it looked like in its file."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.images import decode as decoding
from visualmemory_gui.engine.images.decode import content_id, decode, from_pil
from visualmemory_gui.engine.types import DecodedImage, Geometry

ORIENTATION = 0x0112
# What must be done to an upright image so that the camera's note n makes it upright again.
STORED = {
    1: lambda image: image,
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}


@pytest.fixture
def whole() -> Geometry:
    """A geometry in which the 96 x 64 scene keeps its size, on rows 16 to 79."""
    return Geometry(size=96, fit="letterbox", resize=96)


@pytest.fixture
def look(tmp_path: Path, whole: Geometry) -> Callable[..., np.ndarray]:
    """Save a 96 x 64 image, decode the file, give its 96 x 64 pixels."""

    def saved_and_decoded(image: Image.Image, ending: str, **options: object) -> np.ndarray:
        path = tmp_path / f"image{ending}"
        image.save(path, **options)
        return decode(path, whole).pixels[16:80].astype(int)

    return saved_and_decoded


def far(a: np.ndarray, b: np.ndarray | Image.Image) -> int:
    return int(np.abs(np.asarray(a).astype(int) - np.asarray(b).astype(int)).max())


@pytest.mark.parametrize("ending", [".png", ".bmp", ".tif", ".ppm", ".gif", ".webp"])
def test_each_format_gives_the_pixels_that_were_saved(look: Callable, scene: Image.Image, ending: str) -> None:
    image = scene.quantize(64).convert("RGB") if ending == ".gif" else scene
    assert far(look(image, ending, **({"lossless": True} if ending == ".webp" else {})), image) <= 1


@pytest.mark.parametrize("ending", [".jpg", ".avif", ".heic"])
def test_lossy_formats_come_close(look: Callable, scene: Image.Image, ending: str) -> None:
    if ending == ".heic":
        import pillow_heif

        pillow_heif.register_heif_opener()
    assert np.abs(look(scene, ending, quality=95) - np.asarray(scene).astype(int)).mean() < 4


def test_without_the_extra_a_heic_image_says_what_to_install(
    tmp_path: Path, whole: Geometry, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(400))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(BadImage, match=r"a HEIC image; to read it, install visualmemory_gui\[heic\]"):
        decode(tmp_path / "a.heic", whole)


def test_an_icon_gives_its_largest_image(tmp_path: Path, whole: Geometry, scene: Image.Image) -> None:
    square = scene.resize((64, 64))
    square.save(tmp_path / "a.ico", sizes=[(16, 16), (64, 64)])
    image = decode(tmp_path / "a.ico", whole)
    assert (image.width, image.height, image.suffix) == (64, 64, ".ico")


@pytest.mark.parametrize("turn", STORED)
@pytest.mark.parametrize("ending", [".png", ".tif", ".webp"])
def test_the_camera_s_note_turns_the_image_upright(look: Callable, scene: Image.Image, turn: int, ending: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    options = {"lossless": True} if ending == ".webp" else {}
    assert (
        far(look(STORED[turn](scene), ending, exif=exif.tobytes() if ending != ".tif" else exif, **options), scene) <= 1
    )


def test_a_turned_photo_reports_its_upright_size_in_full(
    tmp_path: Path, geometry: Geometry, scene: Image.Image
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    scene.resize((3000, 2000)).save(tmp_path / "a.jpg", exif=exif)
    image = decode(tmp_path / "a.jpg", geometry)
    assert (image.width, image.height) == (2000, 3000)


def test_a_broken_note_of_the_camera_is_ignored(look: Callable, scene: Image.Image) -> None:
    assert far(look(scene, ".png", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"), scene) == 0


@pytest.mark.parametrize(("mode", "ending"), [("RGBA", ".png"), ("LA", ".png"), ("P", ".png"), ("RGBA", ".gif")])
def test_transparent_parts_are_white(look: Callable, mode: str, ending: str) -> None:
    clear = Image.new("RGBA", (96, 64), (10, 20, 30, 0))
    clear.paste((10, 20, 30, 255), (0, 0, 48, 64))
    seen = look(clear.quantize(4) if mode == "P" else clear.convert(mode), ending)
    assert (seen[:, 50:] == 255).all()
    assert seen[:, :46].max() < 40


def test_half_transparent_is_half_white(look: Callable) -> None:
    assert far(look(Image.new("RGBA", (96, 64), (0, 0, 0, 128)), ".png"), np.full((64, 96, 3), 127)) <= 1


@pytest.mark.parametrize(("mode", "clear"), [("RGB", (9, 9, 9)), ("L", 9)])
def test_a_colour_declared_transparent_is_white(look: Callable, mode: str, clear: object) -> None:
    assert (look(Image.new(mode, (96, 64), clear), ".png", transparency=clear) == 255).all()


def grey_ramp(top: float, dtype: type) -> np.ndarray:
    return np.tile(np.linspace(0, top, 96), (64, 1)).astype(dtype)


WANTED_RAMP = np.repeat(np.rint(grey_ramp(255, float))[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("ramp", "ending"),
    [
        (grey_ramp(65535, np.uint16), ".png"),
        (grey_ramp(65535, np.uint16), ".tif"),
        (grey_ramp(65535, np.int32), ".tif"),
        (grey_ramp(1.0, np.float32), ".tif"),
        (grey_ramp(255.0, np.float32), ".tif"),
        (grey_ramp(65535.0, np.float32), ".tif"),
        (grey_ramp(3e6, np.float32) - 1e6, ".tif"),
        (grey_ramp(2e9, np.int32), ".tif"),
    ],
)
def test_deep_and_float_greys_are_scaled_and_not_clipped(look: Callable, ramp: np.ndarray, ending: str) -> None:
    assert far(look(Image.fromarray(ramp.astype(ramp.dtype.type)), ending), WANTED_RAMP) <= 1


def test_big_endian_16_bit_is_read_right(look: Callable, tmp_path: Path) -> None:
    assert (
        far(look(Image.frombytes("I;16B", (96, 64), grey_ramp(65535, np.dtype(">u2")).tobytes()), ".tif"), WANTED_RAMP)
        <= 1
    )


def test_a_deep_ppm_is_scaled(tmp_path: Path, whole: Geometry) -> None:
    data = b"P5 96 64 4095\n" + grey_ramp(4095, np.dtype(">u2")).tobytes()
    (tmp_path / "a.pgm").write_bytes(data)
    assert far(decode(tmp_path / "a.pgm", whole).pixels[16:80], WANTED_RAMP) <= 1


def test_not_a_number_is_black(look: Callable) -> None:
    values = grey_ramp(1.0, np.float32)
    values[:, 48:] = np.nan
    assert (look(Image.fromarray(values), ".tif")[:, 48:] == 0).all()


def test_12_bit_tiff_uses_the_whole_range(tmp_path: Path, whole: Geometry) -> None:
    image = Image.fromarray(grey_ramp(4095, np.uint16))
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    image.save(tmp_path / "a.tif", tiffinfo=tags)
    loaded = Image.open(tmp_path / "a.tif")
    loaded.load()
    loaded.tag_v2[258] = 12
    assert far(from_pil(loaded, whole).pixels[16:80], WANTED_RAMP) <= 1


def test_one_bit_is_black_and_white(look: Callable) -> None:
    image = Image.new("1", (96, 64))
    image.paste(1, (48, 0, 96, 64))
    seen = look(image, ".png")
    assert (seen[:, :48] == 0).all() and (seen[:, 48:] == 255).all()


def test_cmyk_becomes_rgb(look: Callable) -> None:
    seen = look(Image.new("CMYK", (96, 64), (0, 255, 255, 0)), ".tif")[30, 50]
    assert seen[0] > 200 and seen[1] < 60 and seen[2] < 60


def test_lab_becomes_rgb(look: Callable) -> None:
    # L = 53 %, a = 80, b = 67 is the red of sRGB
    red = ImageCms.profileToProfile(
        Image.new("RGB", (96, 64), (255, 0, 0)),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert far(look(red, ".tif"), np.full((64, 96, 3), (255, 0, 0))) <= 6


def rotated_profile() -> bytes:
    """An sRGB profile that says its red is green and its green is red, under another name."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(data[128:132], "big")
    places = {bytes(data[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, green = places[b"rXYZ"], places[b"gXYZ"]
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data).replace("sRGB".encode("utf-16-be"), "odd!".encode("utf-16-be"))


def test_an_embedded_profile_is_applied(look: Callable) -> None:
    seen = look(Image.new("RGB", (96, 64), (250, 10, 10)), ".png", icc_profile=rotated_profile())[30, 50]
    assert seen[1] > 200 and seen[0] < 60


@pytest.mark.parametrize("profile", [b"no profile at all", b"", rotated_profile()[:300]])
def test_a_broken_profile_is_ignored(look: Callable, scene: Image.Image, profile: bytes) -> None:
    assert far(look(scene, ".png", icc_profile=profile), scene) == 0


def test_a_profile_of_another_colour_space_is_ignored(look: Callable, scene: Image.Image) -> None:
    grey = scene.convert("L")
    assert far(look(grey, ".png", icc_profile=rotated_profile()), np.asarray(grey.convert("RGB"))) == 0


@pytest.mark.parametrize("ending", [".gif", ".png", ".webp", ".tif"])
def test_of_an_animation_the_first_frame_counts(look: Callable, ending: str) -> None:
    red, blue = Image.new("RGB", (96, 64), (255, 0, 0)), Image.new("RGB", (96, 64), (0, 0, 255))
    seen = look(red, ending, save_all=True, append_images=[blue], **({"lossless": True} if ending == ".webp" else {}))
    assert far(seen, red) <= 3


def test_a_large_photo_is_decoded_small_and_looks_the_same(tmp_path: Path, scene: Image.Image) -> None:
    large = scene.resize((4000, 3000), Image.Resampling.BICUBIC)
    large.save(tmp_path / "a.jpg", quality=95)
    image = decode(tmp_path / "a.jpg", Geometry())
    full = from_pil(Image.open(tmp_path / "a.jpg"), Geometry())
    assert (image.width, image.height) == (4000, 3000)
    assert far(image.pixels, full.pixels) <= 6


def test_an_encoder_of_large_images_gets_enough_pixels(tmp_path: Path, scene: Image.Image) -> None:
    scene.resize((2060, 2060)).save(tmp_path / "a.jpg")
    sizes = []
    original = decoding.fit

    def spy(image: Image.Image, geometry: Geometry) -> np.ndarray:
        sizes.append(image.size)
        return original(image, geometry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "fit", spy)
        decode(tmp_path / "a.jpg", Geometry(size=518, fit="crop", resize=518))
        decode(tmp_path / "a.jpg", Geometry())
    assert sizes == [(1030, 1030), (515, 515)]


def test_an_image_tells_where_it_is_from_and_what_it_holds(
    tmp_path: Path, geometry: Geometry, scene: Image.Image
) -> None:
    path = tmp_path / "mislabelled.gif"
    scene.save(path, "PNG")
    image = decode(path, geometry)
    assert image.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert image.content == hashlib.sha256(scene.tobytes()).hexdigest() == content_id(scene)
    assert (image.source, image.suffix) == (str(path), ".png")
    assert (image.width, image.height) == scene.size
    assert image.pixels.shape == (64, 64, 3)


def test_the_same_pixels_in_another_file_are_the_same_content(
    tmp_path: Path, geometry: Geometry, scene: Image.Image
) -> None:
    scene.save(tmp_path / "a.png")
    scene.save(tmp_path / "a.bmp")
    a, b = decode(tmp_path / "a.png", geometry), decode(tmp_path / "a.bmp", geometry)
    assert a.content == b.content and a.sha256 != b.sha256


def test_a_file_too_large_for_memory_is_summed_and_decoded_from_disk(
    tmp_path: Path, geometry: Geometry, scene: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.save(tmp_path / "a.png")
    kept = decode(tmp_path / "a.png", geometry)
    monkeypatch.setattr("visualmemory_gui.engine.images.files.IN_MEMORY", 10)
    streamed = decode(tmp_path / "a.png", geometry)
    assert (streamed.sha256, streamed.content) == (kept.sha256, kept.content)


def test_an_image_in_hand_is_the_same_image_and_is_left_alone(
    tmp_path: Path, geometry: Geometry, scene: Image.Image
) -> None:
    scene.save(tmp_path / "a.png")
    from_file, in_hand = decode(tmp_path / "a.png", geometry), from_pil(scene, geometry)
    assert in_hand.content == from_file.content and np.array_equal(in_hand.pixels, from_file.pixels)
    assert (in_hand.sha256, in_hand.source, scene.mode, scene.size) == (None, None, "RGB", (96, 64))


def test_an_image_in_hand_that_cannot_be_used_is_refused(tmp_path: Path, geometry: Geometry) -> None:
    with pytest.raises(BadImage, match="no pixels"):
        from_pil(Image.new("RGB", (0, 5)), geometry)
    buffer = BytesIO()
    Image.new("RGB", (300, 300), (1, 2, 3)).save(buffer, "JPEG")
    with pytest.raises(BadImage, match="image: the file is damaged"):
        from_pil(Image.open(BytesIO(buffer.getvalue()[:-200])), geometry)


def test_decoded_pixels_can_be_written_to(tmp_path: Path, geometry: Geometry, scene: Image.Image) -> None:
    scene.save(tmp_path / "a.png")
    image: DecodedImage = decode(tmp_path / "a.png", geometry)
    image.pixels[0, 0] = 0
