"""CSV tables: how all of them write numbers, names and missing values."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from numbers import Integral, Real

from visualmemory_gui.engine.text.visible_text import visible

DECISION = ("label", "share", "margin", "known")
"""The columns of a decision, in every table that holds decisions."""

DIGITS = 6
NOTHING = 1e-12  # the rounding error of a sum that should be 0 is smaller
_FORMULA = ("=", "+", "-", "@")
_KNOWN = {True: "known", False: "unknown", None: ""}


def csv_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The whole table, one line per row; cells are text, numbers, truth values, or None for an empty cell.

    A float has six significant digits and no exponent, and is 0 below 1e-12. Text has its control characters shown
    (JSON keeps every character); what a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    return "".join(csv_lines(head, rows))


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of ``csv_table``, each with its line end, as ``rows`` arrive."""
    for row in chain([head], rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(map(_cell, row))
        yield line.getvalue()


def known_word(known: bool | None) -> str:
    """``known``, ``unknown``, or nothing where it cannot be said."""
    return _KNOWN[known]


def number(value: float) -> str:
    """A float as tables write it; empty where there is none (NaN)."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return str(value)
    if abs(value) < NOTHING:
        return "0"
    places = DIGITS - 1 - math.floor(math.log10(abs(value)))
    text = f"{round(value, places):.{max(places, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _cell(value: object) -> str | int:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Integral):
        return int(value)
    return number(float(value)) if isinstance(value, Real) else _text(str(value))


def plain_text(cell: str) -> str:
    """The text that a cell stands for, without the apostrophe before what a spreadsheet would take for a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip().startswith(_FORMULA) else cell


def _text(text: str) -> str:
    shown = visible(text)
    return f"'{shown}" if text.lstrip().startswith(_FORMULA) else shown
