"""Decoding one image in this process. Files that are not trusted are decoded through ``pool`` instead."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeGuard

import numpy as np

# The plugins register themselves; importing these keeps Pillow from importing all of its plugins at the first image.
from PIL import (
    AvifImagePlugin,  # noqa: F401
    BmpImagePlugin,  # noqa: F401
    GifImagePlugin,  # noqa: F401
    IcoImagePlugin,  # noqa: F401
    Image,
    JpegImagePlugin,
    PngImagePlugin,  # noqa: F401
    PpmImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from visualmemory_gui.engine.errors import BadImage, BadValue
from visualmemory_gui.engine.images import files, formats
from visualmemory_gui.engine.images.colour import to_rgb
from visualmemory_gui.engine.images.geometry import fit
from visualmemory_gui.engine.images.refusal import Refused
from visualmemory_gui.engine.images.svg_check import MAX_BYTES, TOO_LARGE, check_svg
from visualmemory_gui.engine.images.thumbnails import thumbnail
from visualmemory_gui.engine.images.tiff_pages import page_count
from visualmemory_gui.engine.types import U8, Box, DecodedImage, FullImage, Geometry

MAX_PIXELS = 64_000_000  # decoded
# JPEG files up to this many pixels are decoded at a fraction of their size, so that the result stays below the limit.
MAX_JPEG_PIXELS = 400_000_000
# A progressive JPEG is held whole before its first row comes out, as coefficients of two bytes; besides them the file
# and what is decoded must fit into the 1 GB of a decoding child.
MAX_COEFFICIENT_BYTES = 800_000_000
# JPEG files are decoded at 1/2, 1/4 or 1/8 of their size as long as both sides keep at least this many pixels.
DRAFT = 512
_TOO_MANY_PIXELS = "the image has more than 64 megapixels; saved as JPEG it may have up to 400"
_TOO_MANY_OF_JPEG = "the image has more than 400 megapixels"
_TOO_MUCH_PROGRESSIVE = (
    "a progressive JPEG of this size needs more memory than one image may use; "
    "save it as a baseline (not progressive) JPEG"
)
_NO_PIXELS = "the image has no pixels"
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "PPM", "ICO")
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_QUARTER_TURNS = (
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
)
_HASH_PIXELS = 2_000_000


@dataclass(frozen=True, slots=True)
class Upright:
    """An image as ``decode`` sees it: upright, in sRGB; ``width`` and ``height`` are those of its file's full size.

    It is the first of ``pages``.
    """

    rgb: Image.Image
    width: int
    height: int
    pages: int = 1

    @property
    def is_full_size(self) -> bool:
        return self.rgb.size == (self.width, self.height)


def decode(path: str | Path, geometry: Geometry) -> DecodedImage:
    """Decode the file ``path``: upright, in sRGB, its first frame. Raises BadImage for whatever cannot be used.

    The file's format is recognised by its first bytes; more than 64 megapixels, or 400 of a JPEG, are refused from the
    header. The content id of a large JPEG is that of the pixels of its reduced decoding, which are the same each time.
    Nothing here limits time or memory: the child process does.
    """
    with reading(path) as (source, sha256):
        upright, suffix = read_upright(source, geometry)
        decoded = prepared(upright, geometry)
    return replace(decoded, sha256=sha256, source=files.absolute(path), suffix=suffix)


@contextmanager
def reading(path: str | Path) -> Iterator[tuple[BinaryIO, str]]:
    """The bytes of the file ``path`` to decode from, and their sha256. What decoding raises becomes BadImage."""
    with files.open_regular(path) as file:
        try:
            yield files.read_once(file)
        except BadValue:  # a box that does not fit
            raise
        except Refused as error:
            raise BadImage(files.shown(path), str(error)) from None
        except Exception as error:  # damaged files make decoders raise anything: struct.error, SyntaxError, KeyError, …
            raise BadImage(files.shown(path), _reason(error)) from error


def read_upright(source: BinaryIO, geometry: Geometry | None) -> tuple[Upright, str]:
    """The image in ``source``, and its format's usual file ending. A JPEG is read at a fraction of its size, as small
    as the encoder's ``geometry`` allows; without one only as far as more than 64 megapixels make it necessary."""
    image = _opened(source)
    size = image.size
    pages = page_count(source) if image.format == "TIFF" else 1
    _draft(image, geometry)
    image.load()
    return replace(_upright(image, size), pages=pages), formats.ENDINGS.get(image.format or "", ".png")


def part(upright: Upright, box: Box, whole: DecodedImage, geometry: Geometry) -> DecodedImage:
    """The part ``box`` of ``whole``, whose pixels are ``upright``. A box of all of it is the image itself, no part.

    Where the pixels are not at full size, the box is scaled as they are. Raises BadValue where it does not fit.
    """
    inside = box.within(whole.width, whole.height)
    if (inside.w, inside.h) == (whole.width, whole.height):
        return whole
    return part_from(whole, inside, prepared(replace(upright, rgb=_cut(upright, inside)), geometry))


def part_from(whole: DecodedImage, box: Box, cut: DecodedImage) -> DecodedImage:
    """The part ``box`` of ``whole``, which is smaller than it, of whose pixels ``cut`` was made."""
    return replace(
        whole, pixels=cut.pixels, content=cut.content, thumbnail=cut.thumbnail, box=box, original=whole.content
    )


def _cut(upright: Upright, box: Box) -> Image.Image:
    across, down = upright.rgb.width / upright.width, upright.rgb.height / upright.height
    left, top = int(box.x * across), int(box.y * down)
    right, bottom = round((box.x + box.w) * across), round((box.y + box.h) * down)
    return upright.rgb.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def from_pil(image: Image.Image, geometry: Geometry, box: Box | None = None) -> DecodedImage:
    """Decode an image that the caller holds, or the part ``box`` of it, without ``sha256`` and ``source``.

    The image is left as it is. A large JPEG that the caller opened is taken at its full size, so its content id is not
    that of the same file given by its path. Raises BadImage, BadValue.
    """
    try:
        _check_size(image.size)
        image.load()
        upright = _upright(image, image.size)
        whole = prepared(upright, geometry)
        return whole if box is None else part(upright, box, whole, geometry)
    except BadValue:  # a box that does not fit
        raise
    except Refused as error:
        raise BadImage("image", str(error)) from None
    except Exception as error:  # the image may be a file that is only now being decoded
        raise BadImage("image", _reason(error)) from error


def full_from_pil(image: Image.Image) -> FullImage:
    """All pixels of an image that the caller holds, upright. Raises BadImage."""
    try:
        _check_size(image.size)
        image.load()
        upright = _upright(image, image.size)
        return FullImage(np.asarray(upright.rgb), upright.width, upright.height)
    except Refused as error:
        raise BadImage("image", str(error)) from None
    except Exception as error:  # as above
        raise BadImage("image", _reason(error)) from error


def from_array(pixels: U8, geometry: Geometry, box: Box | None = None) -> DecodedImage:
    """The image of pixels that the caller holds: uint8, (h, w), (h, w, 3) or (h, w, 4). Raises BadValue, BadImage."""
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)):
        given = f"{pixels.dtype} of shape {pixels.shape}"
        raise BadValue(f"an image array must be uint8 of shape (h, w), (h, w, 3) or (h, w, 4), not {given}")
    if not pixels.size:
        raise BadImage("image", _NO_PIXELS)
    return from_pil(Image.fromarray(pixels), geometry, box)


def is_pil(value: object) -> TypeGuard[Image.Image]:
    return isinstance(value, Image.Image)


def _opened(source: BinaryIO) -> Image.Image:
    """The image in ``source``, its header read and nothing decoded yet."""
    head = source.read(formats.HEAD_BYTES)
    source.seek(0)
    try:
        if head.startswith(formats.JPEG):
            image = _opened_jpeg(source)
        elif formats.is_svg(head):
            image = _drawn(source)
        else:
            image = _opened_other(source, head)
    except (UnidentifiedImageError, SyntaxError, IndexError, TypeError, struct.error):
        raise Refused(formats.refusal(head)) from None
    return image


def _opened_jpeg(source: BinaryIO) -> Image.Image:
    """Opened past Pillow's own limit of pixels, which knows nothing of reduced decoding."""
    image = JpegImagePlugin.jpeg_factory(source)
    _check_size(image.size, most=MAX_JPEG_PIXELS, reason=_TOO_MANY_OF_JPEG)
    if image.info.get("progressive") and _coefficient_bytes(image) > MAX_COEFFICIENT_BYTES:
        raise Refused(_TOO_MUCH_PROGRESSIVE)
    return image


def _drawn(source: BinaryIO) -> Image.Image:
    """An SVG drawing, checked and drawn; it comes as any other image of that size."""
    data = source.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused(TOO_LARGE)
    check_svg(data)
    try:
        from visualmemory_gui.engine.images.svg_renderer import draw_svg  # Qt, and only for files that need it
    except ImportError:
        raise Refused("an SVG drawing; Qt, which draws it, cannot be loaded on this computer") from None
    image = draw_svg(data)
    image.format = "SVG"
    return image


def _coefficient_bytes(image: JpegImagePlugin.JpegImageFile) -> int:
    """What the coefficients of all components take: two bytes each, as many as samples."""
    sampled = [(across, down) for _, across, down, _ in image.layer]
    most = max(across for across, _ in sampled) * max(down for _, down in sampled)
    return 2 * image.width * image.height * sum(across * down for across, down in sampled) // most


def _opened_other(source: BinaryIO, head: bytes) -> Image.Image:
    image = Image.open(source, formats=_heic() if formats.is_heic(head) else _FORMATS)
    _check_size(image.size)
    return image


def _heic() -> tuple[str, ...]:
    try:
        import pillow_heif  # an extra, and only loaded for files that need it
    except ImportError:
        raise Refused("a HEIC image; to read it, install visualmemory_gui[heic]") from None
    pillow_heif.register_heif_opener()
    return ("HEIF",)


def _check_size(size: tuple[int, int], *, most: int = MAX_PIXELS, reason: str = _TOO_MANY_PIXELS) -> None:
    if size[0] * size[1] > most:
        raise Refused(reason)
    if 0 in size:
        raise Refused(_NO_PIXELS)


def _draft(image: Image.Image, geometry: Geometry | None) -> None:
    """Let a JPEG be decoded at a fraction of its size: as small as the encoder allows, and always below the limit."""
    least = next((part for part in (1, 2, 4) if image.width * image.height <= part**2 * MAX_PIXELS), 8)
    allowed = max(1, min(image.size) // least)
    side = allowed if geometry is None else min(max(DRAFT, geometry.size, geometry.resize), allowed)
    image.draft(None, (side, side))


def prepared(upright: Upright, geometry: Geometry) -> DecodedImage:
    """What the encoder, the memory and the window need of ``upright``."""
    rgb = upright.rgb
    width, height = upright.width, upright.height
    return DecodedImage(fit(rgb, geometry), content_id(rgb), thumbnail(rgb), width, height, pages=upright.pages)


def _upright(image: Image.Image, size: tuple[int, int]) -> Upright:
    """A loaded ``image`` whose file says ``size``, before it is turned."""
    _check_size(image.size)
    turn = _turn(image)
    drafted = image.format in ("JPEG", "MPO") and size != image.size
    rgb = to_rgb(image)
    if turn is not None:
        rgb = rgb.transpose(turn)
    width, height = size if drafted else rgb.size
    if drafted and turn in _QUARTER_TURNS:
        width, height = height, width
    return Upright(rgb, width, height)


def content_id(rgb: Image.Image) -> str:
    """sha256 (hex) of the pixels of ``rgb``, row by row, three bytes a pixel."""
    digest = hashlib.sha256()
    rows = max(1, _HASH_PIXELS // rgb.width)
    for top in range(0, rgb.height, rows):
        digest.update(rgb.crop((0, top, rgb.width, min(top + rows, rgb.height))).tobytes())
    return digest.hexdigest()


def _turn(image: Image.Image) -> Image.Transpose | None:
    """How to turn the image by its EXIF orientation; None when it is upright or the tag cannot be read."""
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF data may raise anything, and the image is still good
        return None


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "it needs more memory than one image may use"
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return _TOO_MANY_PIXELS
    detail = " ".join(str(error).split())[:100]
    return f"the file is damaged or incomplete ({detail or type(error).__name__})"
