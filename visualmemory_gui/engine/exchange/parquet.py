"""Vectors with labels as a Parquet table: id, label, vector (list of float32), state, trust, source.

Of a part of an image also its box (x, y, w, h), and the content id, width and height of the original.
"""

from __future__ import annotations

from pathlib import Path

from visualmemory_gui.engine.exchange import table
from visualmemory_gui.engine.exchange.atomic_output import new_file
from visualmemory_gui.engine.exchange.results import Exported
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import Exemplar

SUFFIX = ".parquet"
MAGIC = b"PAR1"
PART = ("box", "original", "width", "height")
"""The columns of a table in which there are parts of images."""


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
    with new_file(path) as file:
        exemplars = m.catalog.select(label=label)
        parts = any(one.box for one in exemplars)
        rows = [table.row_of(one, keep_private=keep_private) | (_part(one) if one.box else {}) for one in exemplars]
        table.write(file, m, rows, extra=PART if parts else (), report=report)
    return Exported(str(path), "parquet", len(rows), bare=len(rows))


def _part(exemplar: Exemplar) -> table.Row:
    return {"original": exemplar.original, "width": exemplar.width, "height": exemplar.height}
