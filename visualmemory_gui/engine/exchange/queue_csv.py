"""The decisions of the teaching queue as a CSV table."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable

from visualmemory_gui.engine.decision.many import KNOWN, UNKNOWN
from visualmemory_gui.engine.queue_table import QueueTable

COLUMNS = ("picture", "winner", "share", "margin", "known", "taught", "label", "path")
_KNOWN = {KNOWN: "known", UNKNOWN: "unknown"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def queue_csv(table: QueueTable, order: Iterable[int] | None = None) -> str:
    """One line a picture, at the places ``order`` of the table, else in its own order.

    Shares and margins are fractions, empty where there is none; ``label`` is the full label that won, ``path`` where
    the picture was read, which tells pictures of one name apart. A name that a spreadsheet would take for a formula
    gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for i in range(len(table)) if order is None else order:
        writer.writerow(
            (
                _plain(table.name(i)),
                _plain(table.winners[i] or ""),
                _number(table.shares[i]),
                _number(table.margins[i]),
                _KNOWN.get(int(table.known[i]), ""),
                _plain(table.taught[i] or ""),
                _plain(table.labels[i] or ""),
                _plain(table.sources[i] or ""),
            )
        )
    return out.getvalue()


def _plain(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()
    return f"'{text}" if text.startswith(_FORMULA) else text


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
