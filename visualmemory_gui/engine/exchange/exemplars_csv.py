"""Exemplars as a CSV table for a spreadsheet: id, label, state, trust, source; no vectors and no images."""

from __future__ import annotations

import csv
from pathlib import Path

from visualmemory_gui.engine.exchange import table
from visualmemory_gui.engine.exchange.results import Exported
from visualmemory_gui.engine.exchange.target import new_file
from visualmemory_gui.engine.memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent

SUFFIX = ".csv"
COLUMNS = ("id", "label", "state", "trust", "source")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(m: VisualMemory, target: str | Path, *, keep_private: bool = False, report: Report = silent) -> Exported:
    """Write all exemplars, struck ones too, to the new file ``target``, whole or not at all.

    Text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    path = Path(target)
    rows = [table.row_of(one, keep_private=keep_private) for one in m.catalog.select()]
    report(0, len(rows), "writing exemplars")
    with new_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
    return Exported(str(path), "csv", len(rows), bare=len(rows))


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
