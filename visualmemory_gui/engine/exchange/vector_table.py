"""Vectors with labels that were made elsewhere, in a Parquet, npz or safetensors file."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path, PurePath

from visualmemory_gui.engine.errors import BadLabel, BadValue, BadVector, ExchangeError
from visualmemory_gui.engine.exchange import npz, parquet, safetensors_file, table
from visualmemory_gui.engine.exchange.import_rows import (
    NewRow,
    checked_identity,
    checked_thumbnail,
    exemplar_of,
    take_vectors,
)
from visualmemory_gui.engine.exchange.results import Imported
from visualmemory_gui.engine.exchange.shards import DuplicateFiles, complete_shards, is_shards, read_manifest
from visualmemory_gui.engine.files.path_kind import is_taken
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.memory.image_reader import batched
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import BROUGHT, F32, EncoderIdentity

AT_ONCE = 200
"""Shards that one process reads; to start it takes half a second."""
SUFFIXES = (parquet.SUFFIX, npz.SUFFIX, safetensors_file.SUFFIX)


def is_table(path: Path, head: bytes) -> bool:
    """Whether ``path``, a file that begins with ``head``, 9 bytes of it, is one of these."""
    return _reader(path, head) is not None


def import_(source: str | Path, memory: str | Path, *, report: Report = silent) -> Imported:
    """Import a table's vectors into ``memory``, as one step; a missing one is made for vectors of that length.

    The table needs labels (text, or numbers as the datasets library writes classes) and vectors. A file name in
    ``source``, ``file_name`` or ``image.path`` is kept; a relative one is relative to the table. Rows are read and
    added batch by batch. A folder of shards is taken as one table. Raises ExchangeError, EncoderMismatch; then nothing
    has changed.
    """
    path, place = Path(source), Path(memory)
    if is_shards(path):
        return _import_shards(path, place, report)
    try:
        with _opened(path) as (head, batches):
            identity = _identity(head, place)
            return take_vectors(_rows(path, head, batches, identity, report), identity, place)
    except (BadLabel, BadVector) as error:
        raise ExchangeError(f"{path.name} cannot be imported: {error}") from error


def _import_shards(folder: Path, memory: Path, report: Report) -> Imported:
    """Take the shards of a build that has ended; of one file under one label the first row."""
    manifest, duplicates = read_manifest(folder), DuplicateFiles()
    identity, shards = manifest.encoder, list(complete_shards(folder))

    def batches() -> Iterator[list[NewRow]]:
        done = 0
        for some in batched(shards, AT_ONCE):
            with table.read_each(some) as files:
                for path, (head, found) in zip(some, files, strict=True):
                    if head.total and _identity(head, memory) != identity:
                        raise ExchangeError(f"{path.name} is of another encoder than {folder.name} says")
                    for rows in _rows(path, head, found, identity, silent):
                        report(done, manifest.exemplars, "importing")
                        done += len(rows)
                        yield [row for row in rows if duplicates.is_first(row.exemplar, row.shown)]

    try:
        done = take_vectors(batches(), identity, memory)
    except (BadLabel, BadVector) as error:
        raise ExchangeError(f"{folder.name} cannot be imported: {error}") from error
    return replace(done, skipped=(*done.skipped, *duplicates.skipped))


Opened = AbstractContextManager[tuple[table.Head, Iterator[table.Batch]]]


def _opened(path: Path) -> Opened:
    try:
        with path.open("rb") as file:
            found = _reader(path, file.read(9))
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read: {error.strerror}") from None
    if found is None:
        raise ExchangeError(f"{path} is not a file of vectors: {', '.join(SUFFIXES)}")
    return found


def _reader(path: Path, head: bytes) -> Opened | None:
    if head.startswith(parquet.MAGIC):
        return table.read(path)
    if head.startswith(b"PK") and npz.is_npz(path):
        return npz.read(path)
    return safetensors_file.read(path) if head[8:9] == b"{" else None


def _rows(
    path: Path, head: table.Head, batches: Iterator[table.Batch], identity: EncoderIdentity, report: Report
) -> Iterator[list[NewRow]]:
    done = 0
    for batch in batches:
        report(done, head.total, "importing")
        vectors = gate(batch.vectors, identity.dim, first=done + 1)
        pairs = enumerate(zip(batch.rows, vectors, strict=True), done + 1)
        yield [_row(path, head, row, vector, shown=f"row {n}") for n, (row, vector) in pairs]
        done += len(batch.rows)


def _row(path: Path, head: table.Head, row: table.Row, vector: F32, *, shown: str) -> NewRow:
    told = {**row, "label": head.label_of(row.get("label"), shown), "source": _source(path, row)}
    return NewRow(replace(exemplar_of(told, vector, shown=shown), thumbnail=_thumbnail(row, shown)), shown)


def _thumbnail(row: table.Row, shown: str) -> bytes | None:
    """The JPEG of the row in the column ``jpeg``, in base64, if it has one. Raises ExchangeError."""
    text = row.get("jpeg")
    if text is None:
        return None
    try:
        return checked_thumbnail(base64.b64decode(text, validate=True), shown)
    except (TypeError, ValueError):
        raise ExchangeError(f"{shown}: its jpeg is not base64 text") from None


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
    elif is_taken(memory):
        with VisualMemory.open(memory, readonly=True) as m:
            identity = m.identity
    else:
        identity = EncoderIdentity(BROUGHT, head.dim)
    if identity.dim != head.dim:
        raise ExchangeError(f"the table's vectors have {head.dim} numbers, those of the memory {identity.dim}")
    return identity
