"""Vectors with labels as a Parquet table: id, label, vector (list of float32), state, trust, source.

Of a part of an image also its box (x, y, w, h), and the content id, width and height of the original.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePath

from visualmemory_gui.engine.errors import BadLabel, BadValue, BadVector, ExchangeError
from visualmemory_gui.engine.exchange import table
from visualmemory_gui.engine.exchange.atomic_output import new_file
from visualmemory_gui.engine.exchange.import_rows import (
    Incoming,
    NewRow,
    checked_identity,
    exemplar_of,
    is_memory_place,
    take,
)
from visualmemory_gui.engine.exchange.results import Exported, Imported
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.memory.protocol import WholeMemory
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import BROUGHT, F32, EncoderIdentity, Exemplar

SUFFIX = ".parquet"
MAGIC = b"PAR1"
PART = ("box", "original", "width", "height")
"""The columns of a table in which there are parts of images."""


def export(m: WholeMemory, target: str | Path, *, keep_private: bool = False, report: Report = silent) -> Exported:
    """Write all exemplars, including struck ones, to the new file ``target``, completely or not at all."""
    path = Path(target)
    with new_file(path) as file:
        exemplars = m.catalog.select()
        parts = any(one.box for one in exemplars)
        rows = [table.row_of(one, keep_private=keep_private) | (_part(one) if one.box else {}) for one in exemplars]
        table.write(file, m, rows, extra=PART if parts else (), report=report)
    return Exported(str(path), "parquet", len(rows), bare=len(rows))


def _part(exemplar: Exemplar) -> table.Row:
    return {"original": exemplar.original, "width": exemplar.width, "height": exemplar.height}


def import_(source: str | Path, memory: str | Path, *, report: Report = silent) -> Imported:
    """Import a table's vectors into ``memory``, as one step; a missing one is made for vectors of that length.

    The table needs ``label`` (text, or numbers as the datasets library writes classes) and ``vector``. A file name in
    ``source``, ``file_name`` or ``image.path`` is kept; a relative one is relative to the table. Raises
    ExchangeError, EncoderMismatch; then nothing has changed.
    """
    path, place = Path(source), Path(memory)
    rows: list[NewRow] = []
    try:
        with table.read(path) as (head, batches):
            identity = _identity(head, place)
            for batch in batches:
                report(len(rows), head.total, "reading")
                vectors = gate(batch.vectors, identity.dim)
                pairs = enumerate(zip(batch.rows, vectors, strict=True), len(rows) + 1)
                rows += [_row(path, head, row, vector, shown=f"row {n}") for n, (row, vector) in pairs]
    except (BadLabel, BadVector) as error:
        raise ExchangeError(f"{path.name} cannot be imported: {error}") from error
    return take(Incoming(rows, identity, _nothing), place, report=report)


def _row(path: Path, head: table.Head, row: table.Row, vector: F32, *, shown: str) -> NewRow:
    told = {**row, "label": _label(head, row.get("label"), shown), "source": _source(path, row)}
    return NewRow(exemplar_of(told, vector, shown=shown), shown)


def _label(head: table.Head, label: object, shown: str) -> object:
    """The name of a numeric label; any other value as it is."""
    if type(label) is not int:
        return label
    if head.classes is None:
        return str(label)
    if not 0 <= label < len(head.classes):
        raise ExchangeError(f"{shown}: its label {label} is not one of the {len(head.classes):,} classes of the table")
    return head.classes[label]


def _source(path: Path, row: table.Row) -> object:
    """Where the row's image is, or would be next to the table; None if no name below its folder is given."""
    name = row.get("source") or row.get("file_name")
    if not isinstance(name, str) or Path(name).is_absolute():
        return name
    inside = ".." not in PurePath(name).parts and "\0" not in name
    return str(path.absolute().parent / name) if inside else None


def _identity(head: table.Head, memory: Path) -> EncoderIdentity:
    """The encoder the table names; if none, that of the memory if the length fits."""
    if not head.total:
        raise ExchangeError("the table holds no exemplars")
    if head.encoder is not None:
        try:
            identity = checked_identity(json.loads(head.encoder))
        except (ValueError, RecursionError, BadValue):
            raise ExchangeError("the table does not say correctly which encoder made its vectors") from None
    elif is_memory_place(memory):
        with VisualMemory.open(memory, readonly=True) as m:
            identity = m.identity
    else:
        identity = EncoderIdentity(BROUGHT, head.dim)
    if identity.dim != head.dim:
        raise ExchangeError(f"the table's vectors have {head.dim} numbers, those of the memory {identity.dim}")
    return identity


def _nothing(name: str) -> bytes:
    raise ExchangeError(f"{name}: a table holds no images")
