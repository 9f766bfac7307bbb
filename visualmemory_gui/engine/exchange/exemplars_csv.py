"""Exemplars as a CSV table for a spreadsheet: id, label, state, trust, source; no vectors and no images.

Where some are parts of images, a column box says which.
"""

from __future__ import annotations

from pathlib import Path

from visualmemory_gui.engine.exchange import table
from visualmemory_gui.engine.exchange.atomic_output import new_file
from visualmemory_gui.engine.exchange.csv_table import csv_lines
from visualmemory_gui.engine.exchange.results import Exported
from visualmemory_gui.engine.memory.protocol import WholeMemory
from visualmemory_gui.engine.progress import Report, silent

SUFFIX = ".csv"
COLUMNS = ("id", "label", "state", "trust", "source")


def export(m: WholeMemory, target: str | Path, *, keep_private: bool = False, report: Report = silent) -> Exported:
    """Write all exemplars, including struck ones, to the new file ``target``, completely or not at all."""
    path = Path(target)
    exemplars = m.catalog.select()
    rows = [table.row_of(e, keep_private=keep_private) | {"box": e.box and str(e.box)} for e in exemplars]
    columns = (*COLUMNS, "box") if any(e.box for e in exemplars) else COLUMNS
    report(0, len(rows), "writing exemplars")
    with new_file(path) as file:
        file.writelines(line.encode() for line in csv_lines(columns, ([row[name] for name in columns] for row in rows)))
    return Exported(str(path), "csv", len(rows), bare=len(rows))
