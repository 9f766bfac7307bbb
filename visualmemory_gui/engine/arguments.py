"""Arguments from callers, checked and converted to the form that the engine uses.

Each function raises BadValue, saying what it needs. No value is accepted for what it merely resembles: text is not a
list of its letters, and True is not the id 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Set
from numbers import Integral, Real
from os import PathLike

from visualmemory_gui.engine.errors import BadValue


def path_of(value: object) -> str:
    """The path of a file or folder, given as text or as a Path."""
    if isinstance(value, str):
        return value
    if isinstance(value, PathLike):
        path = value.__fspath__()
        if isinstance(path, str):
            return path
    raise BadValue(f"a path must be text or a Path, not {kind(value)}")


def whole(value: object, what: str) -> int:
    """A whole number, Python's or numpy's."""
    if type(value) is int or (isinstance(value, Integral) and not isinstance(value, bool)):
        return int(value)
    raise BadValue(f"{what} must be a whole number, not {_shown(value)}")


def fraction(value: object, what: str) -> float:
    """A finite number."""
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise BadValue(f"{what} must be a finite number, not {_shown(value)}")


def within(value: object, what: str, limits: tuple[float, float]) -> float:
    """A finite number from the least to the largest of ``limits``, but above a least one of 0."""
    number, (least, most) = fraction(value, what), limits
    if least <= number <= most and number:
        return number
    between = f"between {least:g} and {most:g}" if least else f"above 0 and at most {most:g}"
    raise BadValue(f"{what} must be {between}, not {number:g}")


def text(value: object, what: str) -> str:
    """Text, as it was given."""
    if isinstance(value, str):
        return value
    raise BadValue(f"{what} must be text, not {_shown(value)}")


def ids_of(given: object) -> list[int]:
    """Ids of exemplars: one, or any iterable of them."""
    if not isinstance(given, list | tuple):
        if isinstance(given, Integral):
            return [whole(given, "an id")]
        if not isinstance(given, Iterable) or isinstance(given, str | bytes | bytearray | Mapping):
            raise BadValue(f"ids must be whole numbers, like [1, 2], not {_shown(given)}")
    return [whole(one, "an id") for one in given]


def labels_of(given: object, count: int) -> list[str]:
    """``count`` labels: one for all, or as many, in the order of what they label.

    Whether each is a valid label is checked where it is stored.
    """
    if isinstance(given, str):
        return [given] * count
    if not isinstance(given, Iterable) or isinstance(given, bytes | bytearray | Mapping | Set):
        raise BadValue(f"labels must be one text for all or a list of texts, not {_shown(given)}")
    labels = list(given)
    if len(labels) != count:
        raise BadValue(f"{count} to label: give one label for all or one for each, not {len(labels)} labels")
    return labels


def jpegs_of(given: object, count: int) -> list[bytes | None]:
    """``count`` thumbnails, each a JPEG or None; None for none at all."""
    found = [None] * count if given is None else several(given, "thumbnails")
    if wrong := [one for one in found if one is not None and not isinstance(one, bytes)]:
        raise BadValue(f"a thumbnail must be the bytes of a JPEG, not {kind(wrong[0])}")
    if len(found) != count:
        raise BadValue(f"{count} vectors need as many thumbnails, not {len(found)}")
    return found  # type: ignore[return-value]


def several(given: object, what: str) -> list[object]:
    """The members of an ordered iterable: a list, a tuple, an array, a generator."""
    if isinstance(given, Iterable) and not isinstance(given, str | bytes | bytearray | Mapping | Set):
        return list(given)
    raise BadValue(f"{what} must be an ordered list, not {_shown(given)}")


def paths_of(given: object) -> list[str]:
    """Paths: one, or any iterable of them."""
    return [path_of(given)] if isinstance(given, str | PathLike) else [path_of(one) for one in several(given, "paths")]


def content_id(value: object) -> str | None:
    """A content id: the sha256 of an image's pixels in hex, or None."""
    if value is None or (isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)):
        return value
    raise BadValue(f"a content id must be 64 hexadecimal digits, not {_shown(value)}")


def kind(value: object) -> str:
    """The kind of a value, in one word for a message."""
    return "None" if value is None else type(value).__name__


def _shown(value: object) -> str:
    """The value itself when it is short enough for a message, else its kind."""
    text = repr(value)
    return text if len(text) <= 40 and "\n" not in text and " at 0x" not in text else kind(value)
