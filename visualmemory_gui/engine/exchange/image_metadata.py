"""What is told of images beside them: ``metadata.jsonl`` or ``metadata.csv``, as the datasets library reads them.

Each row names an image by ``file_name``; it lies in the folder itself, or in each of its sub-folders, which are splits.
An image without a ``label`` there has that of the folder that it lies in.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from visualmemory_gui.engine.errors import BadValue, ExchangeError
from visualmemory_gui.engine.exchange.table import Row
from visualmemory_gui.engine.types import box_of

LINES, CELLS = "metadata.jsonl", "metadata.csv"
LARGEST = 1 << 28  # bytes of one such file
LARGEST_CELL = 1 << 20
KINDS = {LINES: "a list of JSON objects, one per line", CELLS: "a table"}


def tables(folder: Path) -> list[Path]:
    """The metadata of a folder; where it has none, that of its sub-folders."""
    for pattern in ("", "*/"):
        for name in (LINES, CELLS):
            if found := sorted(path for path in folder.glob(pattern + name) if path.is_file()):
                return found
    return []


def rows(folder: Path, found: Iterable[Path]) -> list[Row]:
    """The rows of metadata files, checked; each ``file_name`` is relative to ``folder``. Raises ExchangeError."""
    return [row for path in found for row in _rows_of(path, folder)]


def checked_row(found: Any, shown: str) -> Row:
    """A description of an image that names a file inside the folder. ``shown`` names it in messages.

    Raises ExchangeError.
    """
    name = found.get("file_name") if isinstance(found, dict) else None
    if not isinstance(name, str) or not name or "\0" in name:
        raise ExchangeError(f"{shown} has no file_name")
    parts = PurePosixPath(name).parts
    if PurePosixPath(name).is_absolute() or ".." in parts or "\\" in name or Path(name).drive:
        raise ExchangeError(f"{shown} names a file outside the folder: {name[:80]!a}")
    try:
        return {**found, "shown": shown, "box": box_of(found.get("box"))}
    except BadValue as error:
        raise ExchangeError(f"{shown}: {error}") from None


def _rows_of(path: Path, folder: Path) -> Iterator[Row]:
    below = PurePosixPath(path.parent.relative_to(folder).as_posix())
    named = (below / path.name).as_posix()
    try:
        if path.stat().st_size > LARGEST:
            raise ExchangeError(f"{path} is larger than {LARGEST >> 20} MB")
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for n, found in _cells(lines) if path.name == CELLS else _lines(lines):
                row = _labelled(checked_row(found, f"{named} line {n}"))
                yield {**row, "file_name": (below / row["file_name"]).as_posix()}
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError, csv.Error) as error:
        raise ExchangeError(f"{path} is not {KINDS[path.name]} ({error})") from None


def _lines(lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    for n, line in enumerate(lines, 1):
        if line.strip():
            yield n, json.loads(line)


def _cells(lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    """The rows of a CSV table; an empty cell says nothing."""
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.DictReader(lines)
    for row in reader:
        said: dict[str, Any] = {name: value for name, value in row.items() if value and isinstance(value, str)}
        if "trust" in said:
            said["trust"] = float(said["trust"])
        yield reader.line_num, said


def _labelled(row: Row) -> Row:
    """``row`` with its label: a number as text, and that of its folder where it has none."""
    label = row.get("label")
    if label is None:
        label = "/".join(PurePosixPath(row["file_name"]).parts[:-1])
        if not label:
            raise ExchangeError(f"{row['shown']} has no label, and its image lies in no class folder")
    return {**row, "label": str(label) if type(label) is int else label}
