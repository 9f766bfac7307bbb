"""Whether bytes from elsewhere are a thumbnail: the window decodes thumbnails in its own process."""

from __future__ import annotations

MOST_SIDE = 1024


def is_small_jpeg(data: bytes) -> bool:
    """Whether ``data`` begins as a JPEG of at most 1024 pixels a side does; its pixels are not decoded."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data) and data[at] == 0xFF:
        if 0xC0 <= data[at + 1] <= 0xC3:
            sides = int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")
            return all(1 <= side <= MOST_SIDE for side in sides)
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False
