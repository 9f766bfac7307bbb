"""Counting the pages of a TIFF file without decoding any of them."""

from __future__ import annotations

import struct
from typing import BinaryIO

MOST = 10_000  # counted; a file may say that it has any number, also in a circle
_SUBFILE_TYPE, _REDUCED = 254, 1
# By the version in the file: where the first directory's place is, and how a count, an entry and a place are written.
_CLASSIC, _BIG = (4, "H", 12, 8, "I"), (8, "Q", 20, 12, "Q")
_FORMS = {42: _CLASSIC, 43: _BIG}


def page_count(source: BinaryIO) -> int:
    """How many pages the TIFF file ``source`` has, at least 1; a reduced copy of a page is none.

    What is damaged ends the count. The position in ``source`` stays as it was.
    """
    before = source.tell()
    try:
        return max(1, _counted(source))
    finally:
        source.seek(before)


def _counted(source: BinaryIO) -> int:
    source.seek(0)
    order = "<" if source.read(2) == b"II" else ">"
    pages = 0
    seen: set[int] = set()
    try:
        (version,) = struct.unpack(f"{order}H", source.read(2))
        first, count_form, entry_size, value_at, place_form = _FORMS[version]
        source.seek(first)
        place = _number(source, order + place_form)
        while place and place not in seen and len(seen) < MOST:
            seen.add(place)
            source.seek(place)
            entries = _number(source, order + count_form)
            start = source.read(entry_size)
            tag, kind = struct.unpack_from(f"{order}HH", start)
            value = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", start, value_at)[0]
            pages += not (tag == _SUBFILE_TYPE and value & _REDUCED)
            source.seek(place + struct.calcsize(order + count_form) + entries * entry_size)
            place = _number(source, order + place_form)
    except (struct.error, KeyError, OverflowError, OSError, ValueError):
        pass
    return pages


def _number(source: BinaryIO, form: str) -> int:
    return int(struct.unpack(form, source.read(struct.calcsize(form)))[0])
