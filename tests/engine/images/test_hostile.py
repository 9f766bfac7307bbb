"""Files that are damaged, lie, or were made to do harm: each is right or refused in one plain sentence."""

from __future__ import annotations

import os
import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.types import DecodedImage

SIZE = (120, 80)


def encoded(kind: str, **options: object) -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (*SIZE[::-1], 3), np.uint8)
    out = BytesIO()
    Image.fromarray(noise).save(out, kind, **options)
    return out.getvalue()


def png(width: int, height: int, *, depth: int = 8, colour: int = 2, body: bytes = b"", extra: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    data = b"Comment\0\0" + zlib.compress(b"x" * 200_000_000, 9)
    return struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def webp_canvas(side: int) -> bytes:
    """A WebP whose header promises a canvas of ``side`` x ``side`` around a small image."""
    inner = encoded("WEBP", lossless=True)[12:]
    canvas = struct.pack("<I", side - 1)[:3] * 2
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + bytes(4) + canvas + inner
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff(tags: list[tuple[int, int, int]]) -> bytes:
    """A TIFF directory of (tag, type, value) with one value each, and nothing behind it."""
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + bytes(4)


def tiff_promising(width: int, height: int, **changed: int) -> bytes:
    said = {"compression": 1, "offset": 8, "count": 10, **changed}
    size = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, said["compression"]), (262, 3, 1)]
    return tiff([*size, (273, 4, said["offset"]), (278, 4, height), (279, 4, said["count"])])


def gif_loop() -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0)
    return screen + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x00;"


REFUSED: dict[str, Callable[[], bytes]] = {
    "empty.jpg": lambda: b"",
    "one byte.png": lambda: b"\x89",
    "text.jpg": lambda: b"this is no image\n" * 50,
    "zeros.png": lambda: bytes(5000),
    "noise.jpg": lambda: np.random.default_rng(0).bytes(5000),
    "drawing.eps": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/etc/passwd) run\n",
    "drawing.jpg": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
    "binary drawing.eps": lambda: b"\xc5\xd0\xd3\xc6" + bytes(60),
    "drawing.svg": lambda: b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="/x"/></svg>',
    "entities.png": lambda: b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg>&a;</svg>',
    "document.pdf": lambda: b"%PDF-1.7\n%%EOF",
    "archive.jpg": lambda: b"PK\x03\x04" + bytes(100),
    "program.png": lambda: b"\x7fELF" + bytes(100),
    "sgi.png": lambda: b"\x01\xda\x01\x01\x00\x03" + bytes(600),
    "fli.gif": lambda: bytes(4) + b"\x11\xaf" + bytes(200),
    "head only.jpg": lambda: b"\xff\xd8\xff\xe0",
    "half.jpg": lambda: encoded("JPEG")[:4000],
    "half.png": lambda: encoded("PNG")[:4000],
    "half.gif": lambda: encoded("GIF")[:900],
    "half.bmp": lambda: encoded("BMP")[:4000],
    "half.tif": lambda: encoded("TIFF")[:4000],
    "half.webp": lambda: encoded("WEBP")[:2000],
    "half.avif": lambda: encoded("AVIF")[:2000],
    "half.ppm": lambda: encoded("PPM")[:4000],
    "half.ico": lambda: encoded("ICO")[:300],
    "without data.png": lambda: png(10, 10),
    "wrong sum.png": lambda: patched(encoded("PNG"), 20, b"\xff\xff"),
    "no width.png": lambda: png(0, 10),
    "no height.bmp": lambda: patched(encoded("BMP"), 22, struct.pack("<i", 0)),
    "65 megapixels.png": lambda: png(8200, 8000, depth=1, colour=0, body=bytes(1026 * 8000)),
    "bomb.png": lambda: png(30_000, 30_000, depth=1, colour=0, body=bytes(3751 * 30_000)),
    "widest.png": lambda: png(2**31 - 1, 2**31 - 1),
    "text bomb.png": lambda: png(4, 4, body=bytes(52), extra=text_bomb()),
    "bomb.jpg": lambda: patched(encoded("JPEG"), encoded("JPEG").index(b"\xff\xc0") + 5, b"\xff\xff\xff\xff"),
    "bomb.gif": gif_loop,
    "bomb.bmp": lambda: patched(encoded("BMP"), 18, struct.pack("<ii", 100_000, 100_000)),
    "canvas.webp": lambda: webp_canvas(16_000),
    "bomb.ppm": lambda: b"P6 99999999 99999999 255\n" + bytes(100),
    "endless number.ppm": lambda: b"P6 " + b"9" * 100_000,
    "bomb.tif": lambda: tiff_promising(50_000, 50_000),
    "strip beyond.tif": lambda: tiff_promising(1000, 1000, offset=2**31, count=2**31),
    "lzw.tif": lambda: tiff_promising(7000, 7000, compression=5),
    "fax.tif": lambda: tiff_promising(7000, 7000, compression=4),
    "no tags.tif": lambda: tiff([]),
    "loop.tif": lambda: b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 8),
    "many tags.tif": lambda: b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 65535) + bytes(200),
    "bomb.ico": lambda: patched(encoded("ICO", sizes=[(32, 32)]), 18, struct.pack("<I", 2**31)),
    "heic.heic": lambda: b"\0\0\0\x18ftypheic" + bytes(400),
    "avif.avif": lambda: b"\0\0\0\x18ftypavif" + bytes(400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_in_one_plain_sentence(name: str, pool: DecodePool, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(REFUSED[name]())
    with pytest.raises(BadImage) as refusal:
        pool.decode(path)
    assert refusal.value.path == str(path)
    reason = refusal.value.reason
    assert 10 < len(reason) < 220 and "\n" not in reason and "Traceback" not in reason
    assert "crashed" not in reason


def special_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Things in a file system that are no regular files, with a word of the reason."""
    os.mkfifo(folder / "pipe.jpg")
    (folder / "folder.jpg").mkdir()
    (folder / "circle.jpg").symlink_to(folder / "circle.jpg")
    (folder / "nothing.jpg").symlink_to(folder / "gone.jpg")
    (folder / "to a device.jpg").symlink_to("/dev/zero")
    (folder / "to a pipe.jpg").symlink_to(folder / "pipe.jpg")
    yield folder / "pipe.jpg", "pipe"
    yield folder / "folder.jpg", "folder"
    yield folder / "circle.jpg", "circle"
    yield folder / "nothing.jpg", "nothing"
    yield folder / "to a device.jpg", "device"
    yield folder / "to a pipe.jpg", "pipe"
    yield Path("/dev/zero"), "device"
    yield Path("/dev/stdin").parent / "null", "device"
    yield folder / "gone.jpg", "no such file"
    yield folder / "folder.jpg" / "gone" / "deeper.jpg", "no such file"
    yield folder / ("x" * 300 + ".jpg"), "too long"
    yield Path("/proc/self/mem"), "empty"


def test_what_is_no_regular_file_is_refused_without_being_opened(pool: DecodePool, tmp_path: Path) -> None:
    for path, word in special_files(tmp_path):
        with pytest.raises(BadImage, match=word):
            pool.decode(path)


def test_a_socket_is_refused(pool: DecodePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the address of a socket may be 100 characters long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.jpg")
        with pytest.raises(BadImage, match="socket"):
            pool.decode(tmp_path / "socket.jpg")


def test_names_that_are_no_names_are_refused(pool: DecodePool) -> None:
    with pytest.raises(BadImage, match="not a file name"):
        pool.decode("nul\0byte.jpg")
    with pytest.raises(BadImage, match="not Unicode"):
        pool.decode(os.fsdecode(b"/tmp/\xff\xfe.jpg"))


def test_a_file_above_1_gb_is_refused_unread(pool: DecodePool, tmp_path: Path) -> None:
    path = tmp_path / "sparse.jpg"
    with path.open("wb") as file:
        file.truncate(1_000_000_001)
    with pytest.raises(BadImage, match="larger than 1 GB"):
        pool.decode(path)


STRANGE_BUT_GOOD: dict[str, Callable[[], bytes]] = {
    "photo.txt": lambda: encoded("JPEG"),
    "png inside.jpg": lambda: encoded("PNG"),
    "trailing.png": lambda: encoded("PNG") + b"trailing bytes" * 1000,
    "trailing.jpg": lambda: encoded("JPEG") + bytes(10_000),
    "progressive.jpg": lambda: encoded("JPEG", progressive=True),
    "one pixel.png": lambda: png(1, 1, body=b"\0\1\2\3"),
    "a line.png": lambda: png(60_000, 1, body=bytes(180_001)),
    "a column.png": lambda: png(1, 60_000, body=bytes(4 * 60_000)),
    "spaces and \N{SNOWMAN}.png": lambda: encoded("PNG"),
}


@pytest.mark.parametrize("name", STRANGE_BUT_GOOD)
def test_a_strange_file_that_is_an_image_is_taken(name: str, pool: DecodePool, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(STRANGE_BUT_GOOD[name]())
    image = pool.decode(path)
    assert isinstance(image, DecodedImage) and image.pixels.shape == (64, 64, 3)


def test_a_link_to_an_image_is_followed_when_it_is_named(pool: DecodePool, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    assert pool.decode(tmp_path / "link.png").source == str(tmp_path / "link.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "PPM", "ICO"])
def test_flipped_bytes_never_end_or_stall_the_child(kind: str, pool: DecodePool, tmp_path: Path) -> None:
    rng = np.random.default_rng(len(kind))
    good = np.frombuffer(encoded(kind), np.uint8)
    path = tmp_path / "flipped"
    for _ in range(12):
        bad = good.copy()
        bad[rng.integers(0, len(bad), 6)] ^= rng.integers(1, 255, 6).astype(np.uint8)
        path.write_bytes(bad.tobytes())
        try:
            assert pool.decode(path).pixels.shape == (64, 64, 3)
        except BadImage as refusal:
            assert "crashed" not in refusal.reason and "longer" not in refusal.reason


def test_an_image_that_needs_too_much_memory_is_refused_and_the_child_goes_on(pool: DecodePool, tmp_path: Path) -> None:
    (tmp_path / "canvas.webp").write_bytes(webp_canvas(16_383))
    (tmp_path / "good.png").write_bytes(encoded("PNG"))
    with pytest.raises(BadImage):
        pool.decode(tmp_path / "canvas.webp")
    assert pool.decode(tmp_path / "good.png").width == SIZE[0]


@pytest.mark.parametrize(("depth", "colour", "line"), [(8, 6, 32_001), (1, 0, 1001)], ids=["RGBA", "one bit"])
def test_the_largest_image_allowed_fits_into_the_memory_allowed(
    depth: int, colour: int, line: int, tmp_path: Path
) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png(8000, 8000, depth=depth, colour=colour, body=bytes(line * 8000)))
    with DecodePool(1, timeout_s=60) as patient:  # beside other work it takes longer than usually allowed
        assert patient.decode(path).width == 8000


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("half.avif", "damaged"),
        ("wrong sum.png", "damaged"),
        ("drawing.svg", "another file"),
        ("entities.png", "entities"),
    ],
)
def test_the_reason_fits_the_file(name: str, word: str, pool: DecodePool, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(REFUSED[name]())
    with pytest.raises(BadImage, match=word):
        pool.decode(tmp_path / name)
