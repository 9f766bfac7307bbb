"""Exemplars as a CSV table for a spreadsheet: id, label, state, trust, source; no vectors and no images.

Where some are parts of images, a column box says which. Such a table is also read: the images that a column ``source``
(or ``image``, ``file_name``, ``filepath``, ``path``) names are added, with the labels of a column ``label``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from visualmemory_gui.engine.errors import BadValue, ExchangeError
from visualmemory_gui.engine.exchange import table
from visualmemory_gui.engine.exchange.atomic_output import new_file
from visualmemory_gui.engine.exchange.csv_table import csv_lines, plain_text
from visualmemory_gui.engine.exchange.imagefolder import import_rows
from visualmemory_gui.engine.exchange.results import Exported, Imported
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import box_of

SUFFIX = ".csv"
COLUMNS = ("id", "label", "state", "trust", "source")
SOURCES = ("source", "image", "file_name", "filepath", "path")
"""Columns that may name the image, the first of those that are there."""
LARGEST = 1 << 28


def export(
    m: Memory,
    target: str | Path,
    *,
    label: str | None = None,
    keep_private: bool = False,
    report: Report = silent,
) -> Exported:
    """Write all exemplars, including struck ones, to the new file ``target``, completely or not at all; with ``label``
    those of that class and below it."""
    path = Path(target)
    exemplars = m.catalog.select(label=label)
    rows = [table.row_of(e, keep_private=keep_private) | {"box": e.box and str(e.box)} for e in exemplars]
    columns = (*COLUMNS, "box") if any(e.box for e in exemplars) else COLUMNS
    report(0, len(rows), "writing exemplars")
    with new_file(path) as file:
        file.writelines(line.encode() for line in csv_lines(columns, ([row[name] for name in columns] for row in rows)))
    return Exported(str(path), "csv", len(rows), bare=len(rows))


def import_(path: Path, memory: Path, *, encoder: str | None, report: Report) -> Imported:
    """Import the images that the table ``path`` names, with their labels, as one step.

    A relative name is relative to the table, an absolute one is taken as it is. ``state``, ``trust`` and ``box`` are
    read where they are. Cells are parted by commas, semicolons or tabs. Raises ExchangeError; then nothing has changed.
    """
    return import_rows(path.parent, list(_rows(path)), memory, encoder=encoder, report=report)


def _rows(path: Path) -> Iterator[table.Row]:
    try:
        if path.stat().st_size > LARGEST:
            raise ExchangeError(f"{path} is larger than {LARGEST >> 20} MB")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ExchangeError(f"{path} is not text in UTF-8: save it as CSV in UTF-8") from None
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    source = next((name for name in SOURCES if name in (reader.fieldnames or ())), None)
    if source is None or "label" not in (reader.fieldnames or ()):
        raise ExchangeError(f"{path.name} needs the columns label and source, with names in its first line")
    try:
        for number, cells in enumerate(reader, 2):
            yield _row(cells, source, f"line {number} of {path.name}")
    except csv.Error as error:
        raise ExchangeError(f"{path.name} is not a CSV table: {error}") from None


def _row(cells: dict[str, str | None], source: str, shown: str) -> table.Row:
    told = {name: plain_text(value) for name, value in cells.items() if isinstance(value, str) and value}
    name = told.get(source, "")
    if not name or "\0" in name:
        raise ExchangeError(f"{shown} names no image")
    row = {"file_name": name, "label": told.get("label", ""), "state": told.get("state"), "shown": shown}
    try:
        return {**row, "trust": float(told["trust"]) if "trust" in told else None, "box": box_of(told.get("box"))}
    except (BadValue, ValueError) as error:
        raise ExchangeError(f"{shown}: {error}") from None
