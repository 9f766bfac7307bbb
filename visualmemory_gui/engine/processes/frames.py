"""The messages between the decoding child and its parent: a length, a JSON header, raw bytes. No pickle."""

from __future__ import annotations

import json
import math
import struct
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from visualmemory_gui.engine.types import Box, DecodedImage, FullImage

if TYPE_CHECKING:
    import subprocess

    from PIL import Image

_LENGTH = struct.Struct(">I")
_MAX_HEADER = 1 << 20
_STRIP_PIXELS = 2_000_000
Message = tuple[dict[str, Any], list[bytearray]]
"""A header and its parts."""
_FIELDS = ("content", "width", "height", "sha256", "source", "suffix", "original", "pages")


def write(stream: BinaryIO, header: dict[str, Any], *parts: bytes) -> None:
    """Send ``header``, which also carries the lengths of ``parts``, and their bytes."""
    text = json.dumps({**header, "parts": [len(part) for part in parts]}).encode("ascii")
    stream.write(b"".join((_LENGTH.pack(len(text)), text, *parts)))
    stream.flush()


def write_pixels(stream: BinaryIO, rgb: Image.Image, header: dict[str, Any]) -> None:
    """Send all pixels of ``rgb`` as the one part behind ``header``, in strips: a second copy of a large image would not
    fit into the child."""
    shape = (rgb.height, rgb.width, 3)
    text = json.dumps({**header, "shape": shape, "parts": [math.prod(shape)]}).encode("ascii")
    stream.write(_LENGTH.pack(len(text)) + text)
    rows = max(1, _STRIP_PIXELS // rgb.width)
    for top in range(0, rgb.height, rows):
        stream.write(rgb.crop((0, top, rgb.width, min(top + rows, rgb.height))).tobytes())
    stream.flush()


def full_image(header: dict[str, Any], parts: list[bytearray]) -> FullImage:
    """The image that ``write_pixels`` sent."""
    pixels = np.frombuffer(parts[0], np.uint8).reshape(header["shape"])
    return FullImage(pixels, header["width"], header["height"], header["sha256"])


def read(stream: BinaryIO) -> Message:
    """The next header and its parts. Raises EOFError when the other side is gone, ValueError when it sends nonsense."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > _MAX_HEADER:
        raise ValueError("not a header")
    header = json.loads(_exactly(stream, length))
    return header, [_exactly(stream, size) for size in header["parts"]]


def exchange(
    process: subprocess.Popen[bytes], request: dict[str, Any] | None, seconds: float
) -> tuple[Message | None, bool]:
    """Send ``request``, if any, and wait for an answer, None when the child ended; and whether it was too late.

    A child that takes longer than ``seconds`` is killed.
    """
    late = threading.Event()

    def expire() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        if request is not None:
            write(cast(BinaryIO, process.stdin), request)
        return read(cast(BinaryIO, process.stdout)), late.is_set()
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None, late.is_set()
    finally:
        timer.cancel()
        timer.join()


def _exactly(stream: BinaryIO, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    got = 0
    while got < size:
        count = stream.readinto(view[got:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        got += count
    return data


def write_image(stream: BinaryIO, image: DecodedImage) -> None:
    fields = {name: getattr(image, name) for name in _FIELDS}
    box = None if image.box is None else tuple(image.box)
    write(stream, {**fields, "box": box, "shape": image.pixels.shape}, image.pixels.tobytes(), image.thumbnail)


def decoded_image(header: dict[str, Any], parts: list[bytearray]) -> DecodedImage:
    """The image that ``write_image`` sent; its pixels are writable."""
    pixels, thumbnail = parts
    box = header["box"]
    return DecodedImage(
        pixels=np.frombuffer(pixels, np.uint8).reshape(header["shape"]),
        thumbnail=bytes(thumbnail),
        box=None if box is None else Box(*box),
        **{name: header[name] for name in _FIELDS},
    )
