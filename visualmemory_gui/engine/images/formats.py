"""The image formats that are read, recognised by a file's first bytes; its ending never decides what it is."""

from __future__ import annotations

from pathlib import PurePath

HEAD_BYTES = 512
JPEG = b"\xff\xd8\xff"  # how each of them begins
SPOKEN = "JPEG, PNG, GIF, BMP, TIFF, WebP, AVIF, PPM, ICO, SVG, and HEIC with the heic extra"

# What Pillow calls a format, and the usual ending of such a file. MPO: JPEG files of some cameras turn out to be that.
ENDINGS = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "GIF": ".gif",
    "BMP": ".bmp",
    "TIFF": ".tif",
    "WEBP": ".webp",
    "AVIF": ".avif",
    "PPM": ".ppm",
    "ICO": ".ico",
    "HEIF": ".heic",
    "SVG": ".svg",
}

SUFFIXES = frozenset(ENDINGS.values()) | {
    *(".jpeg", ".jpe", ".jfif", ".mpo", ".apng", ".dib", ".tiff"),
    *(".pgm", ".pbm", ".pnm", ".heif", ".hif"),
}
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"))
_MAGICS = (JPEG, b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"RIFF", b"\0\0\1\0")
_DRAWINGS = (
    (b"%!PS", "an EPS or PostScript drawing, which cannot be read; save it as PNG"),
    (b"\xc5\xd0\xd3\xc6", "an EPS drawing, which cannot be read; save it as PNG"),
    (b"%PDF", "a PDF document, which cannot be read; save its pages as PNG"),
)


def looks_like_image(path: str | PurePath) -> bool:
    """Whether the ending promises an image that can be read. A promise only: content decides when it is decoded."""
    return PurePath(path).suffix.lower() in SUFFIXES


def is_heic(head: bytes) -> bool:
    """Whether a file that begins with ``head`` (16 bytes or more) is HEIC. AVIF has the same frame and is not."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS and b"avif" not in head[8:48]


def is_svg(head: bytes) -> bool:
    """Whether a file that begins with ``head`` may be an SVG drawing: XML whose first element is not HTML's."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<svg", b"<!doctype svg")):
        return True
    return text.startswith((b"<?xml", b"<!--")) and b"<html" not in text and b"<!doctype html" not in text


def refusal(head: bytes) -> str:
    """Why a file that begins with ``head`` is not an image that can be read, in words."""
    for magic, reason in _DRAWINGS:
        if head.startswith(magic):
            return reason
    if any(head.startswith(magic) for magic in _MAGICS) or head[4:12] in (b"ftypavif", b"ftypheic"):
        return "the file is damaged or incomplete (its header cannot be read)"
    return f"not an image in a format that can be read ({SPOKEN})"
