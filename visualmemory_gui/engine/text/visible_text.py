"""Text for people: counts, what multiplies a vote, and text in which nothing hides or acts on a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Control characters (Cc), ends of lines and paragraphs, marks that change the writing direction, halves of characters.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

KEEPERS_SHOWN = 5
NO_ANSWER = "nothing to compare with"
"""What is said in place of a class where no neighbour votes."""


def cannot_be_shown(name: str) -> bool:
    """Whether it has control characters, or halves of a character, as undecodable file names have them."""
    return any(unicodedata.category(character) in ("Cc", "Cs") for character in name)


def visible(text: str) -> str:
    """``text`` on one line, with escapes like ``\\x1b``, ``\\n`` and ``\\u202e`` for what would not be seen."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def writable(text: str) -> str:
    """``text`` as UTF-8 can write it: bytes of a path that are none, as Python passes them on, become ``\\udcff``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def capitalised(text: str) -> str:
    """``text`` with a capital at its beginning; all other letters stay as they are."""
    return text[:1].upper() + text[1:]


def as_sentence(text: str) -> str:
    """ "The file is damaged." of "the file is damaged"; "" of an empty text."""
    return f"{capitalised(text)}." if text else ""


def in_percent(share: float) -> str:
    """ "62.0 %" of a fraction."""
    return f"{100 * share:.1f} %"


def in_letters(count: int) -> str:
    """ "two", as far as "ten"; "11"."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count] if count < len(words) else f"{count:,}"


def how_many(count: int, noun: str = "exemplar") -> str:
    """ "1 exemplar", "1,200 exemplars", "2 queries", "3 classes"."""
    nouns = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}{'es' if noun.endswith('s') else 's'}"
    return f"{count:,} {noun if count == 1 else nouns}"


def size_text(size: float) -> str:
    """Bytes in words: "35 MB", "1.2 GB"."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def first_few(words: Sequence[str], most: int, *, between: str = ", ") -> str:
    """ "cat, lynx and 3 more": the first ``most`` of ``words``, and how many more there are."""
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return between.join(words[:most]) + more


def factor_text(factor: float) -> str:
    """ "10", "3.3", "1.04", "0.05": what multiplies a vote, as short as possible; "" where that is as good as 1."""
    if 0.95 < factor < 1.05:
        text = f"{factor:.2f}"
    else:
        text = f"{factor:.1f}".removesuffix(".0") if factor > 1 else f"{factor:.2g}"
    return "" if float(text) == 1.0 else text


def remaining_pixels(in_original: Sequence[tuple[int, int]]) -> str:
    """Where the pixels of forgotten parts remain, from pairs of a part and the exemplar that keeps its original; "" for
    none."""
    if not in_original:
        return ""
    keepers = sorted({keeper for _, keeper in in_original})
    shown = ", ".join(map(str, keepers[:KEEPERS_SHOWN])) + (" and others" if len(keepers) > KEEPERS_SHOWN else "")
    kept = f"which exemplar {shown} keeps" if len(keepers) == 1 else f"which exemplars {shown} keep"
    if len(in_original) == 1:
        return f"The pixels of part {in_original[0][0]} remain in its original, {kept}."
    return f"The pixels of {len(in_original):,} parts remain in their originals, {kept}."
