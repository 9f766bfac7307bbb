"""The decisions of the teaching queue as a CSV table."""

from __future__ import annotations

import csv
import io
import math

from visualmemory_gui.engine.decision.many import KNOWN, UNKNOWN
from visualmemory_gui.engine.queue_table import QueueTable

COLUMNS = ("picture", "winner", "share", "margin", "known", "taught")
_KNOWN = {KNOWN: "known", UNKNOWN: "unknown"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def queue_csv(table: QueueTable) -> str:
    """One line a picture, in the order of the table. Shares and margins are fractions; empty where there is none.

    A name that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for i in range(len(table)):
        writer.writerow(
            (
                _plain(table.names[i]),
                _plain(table.winners[i] or ""),
                _number(table.shares[i]),
                _number(table.margins[i]),
                _KNOWN.get(int(table.known[i]), ""),
                _plain(table.taught[i] or ""),
            )
        )
    return out.getvalue()


def _plain(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()
    return f"'{text}" if text.startswith(_FORMULA) else text


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
