"""Removing what is private from an image's file without touching a pixel: the place where it was taken (GPS), and the
paths that Inkscape writes into drawings.

Positions are in EXIF (a small TIFF inside the file; tag 0x8825 points to them) and in XMP (XML text). Both are blanked
in place, so that nothing else in the file moves; only PNG chunks, which carry checksums, are rewritten.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from visualmemory_gui.engine.images.formats import HEAD_BYTES, is_svg

GPS_POINTER = 0x8825
LARGEST_GPS_VALUE = 4096  # bytes; a real one has 24
MOST_IFDS = 32
TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}

PNG = b"\x89PNG\r\n\x1a\n"
TIFF = re.compile(rb"II\*\0|MM\0\*")
TIFF_INSIDE = re.compile(rb"(?:Exif\0\0|EXIF.{4})(?=II\*\0|MM\0\*)", re.DOTALL)
XMP_ATTRIBUTE = re.compile(rb"""[\w.-]+:GPS\w+\s*=\s*(?:"[^"<]{0,4096}"|'[^'<]{0,4096}')""")
XMP_ELEMENT = re.compile(rb"<([\w.-]+:GPS\w+)(?:\s[^>]{0,4096})?>[^\0]{0,4096}?</\1\s*>")
SVG_PATH = re.compile(
    rb"""\b(?:inkscape:export-filename|sodipodi:(?:absref|docbase))\s*=\s*(?:"[^"<]{0,4096}"|'[^'<]{0,4096}')"""
)
RAW_PROFILE = re.compile(rb"Raw profile type (?:exif|APP1)\0", re.IGNORECASE)


def without_private(data: bytes) -> bytes:
    """The file without the place where it was taken, and without paths; the same bytes if it names none."""
    if data.startswith(PNG):
        return _png(data)
    buffer = bytearray(data)
    starts = [match.end() for match in TIFF_INSIDE.finditer(data)]
    if TIFF.match(data):
        starts.append(0)
    for start in starts:
        _blank_tiff(buffer, start)
    _blank_xmp(buffer)
    if is_svg(data[:HEAD_BYTES]):
        _blank(buffer, SVG_PATH)
    return bytes(buffer)


def _blank_xmp(buffer: bytearray) -> None:
    if b":GPS" not in buffer:
        return
    for pattern in (XMP_ELEMENT, XMP_ATTRIBUTE):
        _blank(buffer, pattern)


def _blank(buffer: bytearray, pattern: re.Pattern[bytes]) -> None:
    for match in list(pattern.finditer(bytes(buffer))):
        buffer[match.start() : match.end()] = b" " * (match.end() - match.start())


def _blank_tiff(buffer: bytearray, base: int) -> None:
    """Remove the GPS directory of the TIFF structure that begins at ``base``; damaged structures are left alone."""
    order = "<" if buffer[base : base + 2] == b"II" else ">"
    seen: set[int] = set()
    try:
        (at,) = struct.unpack_from(f"{order}I", buffer, base + 4)
        while at and at not in seen and len(seen) < MOST_IFDS:
            seen.add(at)
            at = _blank_in_directory(buffer, base, at, order)
    except struct.error:
        return


def _blank_in_directory(buffer: bytearray, base: int, at: int, order: str) -> int:
    """Drop the pointer to GPS data from one directory and blank what it points to. Returns the next directory."""
    (entries,) = struct.unpack_from(f"{order}H", buffer, base + at)
    first, end = base + at + 2, base + at + 2 + 12 * entries
    (following,) = struct.unpack_from(f"{order}I", buffer, end)
    for place in range(first, end, 12):
        tag, _, _, target = struct.unpack_from(f"{order}HHII", buffer, place)
        if tag == GPS_POINTER:
            _blank_gps(buffer, base, target, order)
            buffer[place : end + 4] = buffer[place + 12 : end + 4] + bytes(12)
            struct.pack_into(f"{order}H", buffer, base + at, entries - 1)
            break
    return int(following)


def _blank_gps(buffer: bytearray, base: int, at: int, order: str) -> None:
    (entries,) = struct.unpack_from(f"{order}H", buffer, base + at)
    end = base + at + 2 + 12 * entries
    if end > len(buffer) or entries > 64:
        return
    for place in range(base + at + 2, end, 12):
        _, kind, count, target = struct.unpack_from(f"{order}HHII", buffer, place)
        size = TYPE_BYTES.get(kind, 1) * count
        if 4 < size <= LARGEST_GPS_VALUE and base + target + size <= len(buffer):
            buffer[base + target : base + target + size] = bytes(size)
    buffer[base + at : end] = bytes(end - base - at)


def _png(data: bytes) -> bytes:
    out = [PNG]
    for kind, body, whole in _chunks(data):
        clean = _clean_chunk(kind, body)
        out.append(whole if clean == (kind, body) else _chunk(*clean))
    return b"".join(out)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(kind, body, raw bytes) of each chunk; what follows the last complete chunk is one piece of kind ``b""``."""
    at = len(PNG)
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        end = at + 12 + size
        if end > len(data):
            break
        yield data[at + 4 : at + 8], data[at + 8 : end - 4], data[at:end]
        at = end
    if at < len(data):
        yield b"", data[at:], data[at:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _clean_chunk(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    if kind == b"eXIf":
        return kind, _clean_exif(body)
    if kind in (b"tEXt", b"zTXt") and RAW_PROFILE.match(body):
        return _clean_raw_profile(kind, body)
    if kind in (b"tEXt", b"iTXt", b"zTXt"):
        return _clean_text(kind, body)
    return kind, body


def _clean_exif(body: bytes) -> bytes:
    buffer = bytearray(body)
    start = 6 if body.startswith(b"Exif\0\0") else 0
    if TIFF.match(body, start):
        _blank_tiff(buffer, start)
    return bytes(buffer)


def _clean_raw_profile(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    """EXIF as hexadecimal text: if it names a place, it becomes an ordinary EXIF chunk without one."""
    text = body.split(b"\0", 1)[1]
    if kind == b"zTXt":
        text = _inflate(text[1:]) or b""
    try:
        exif = bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return kind, body
    clean = _clean_exif(exif)
    return (kind, body) if clean == exif else (b"eXIf", clean.removeprefix(b"Exif\0\0"))


def _clean_text(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Blank positions in XMP; a compressed text with positions is written uncompressed."""
    keyword, _, rest = body.partition(b"\0")
    text = rest
    if kind == b"zTXt":
        text = _inflate(rest[1:]) or rest
    elif kind == b"iTXt" and rest[:1] == b"\1":
        language, translated, packed = (*rest[2:].split(b"\0", 2), b"", b"")[:3]
        plain = _inflate(packed)
        text = b"\0\0" + language + b"\0" + translated + b"\0" + plain if plain else rest
    buffer = bytearray(text)
    _blank_xmp(buffer)
    if buffer == text:
        return kind, body
    return (b"tEXt" if kind == b"zTXt" else kind), keyword + b"\0" + bytes(buffer)


def _inflate(packed: bytes, most: int = 1 << 24) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(packed, most)
    except zlib.error:
        return None
