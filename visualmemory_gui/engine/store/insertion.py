"""Writing new exemplars into the three tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visualmemory_gui.engine.errors import BadValue, BadVector
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.checksum import hash64, vector_hash
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.exemplar_row import Row
from visualmemory_gui.engine.store.numbering import next_numbers
from visualmemory_gui.engine.store.sources import Roots
from visualmemory_gui.engine.store.writer import Record, Writer
from visualmemory_gui.engine.text.visible_text import writable
from visualmemory_gui.engine.types import NewExemplar

_INSERT = """insert into exemplars (id, label_id, root_id, source, sha256, content, grp, width, height, copy, struck,
    withdrawn, trust, derived, note, added, vector_hash, thumbnail_hash, change, box, original,
    checksum) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""


def add(
    database: Database, writer: Writer, new: Sequence[NewExemplar], *, root: str | None, first: int | None = None
) -> list[int]:
    """Store ``new`` under consecutive ids, never used twice, from ``first`` on. An add is recorded as the end of being
    withdrawn. Raises BadValue for a ``first`` that was used."""
    _check(new, database.ledger.dim)
    numbers = {label: labels.clean(label) for label in {one.label for one in new}}
    label_ids = {path: labels.number_of(database, path) for path in sorted(set(numbers.values()))}
    roots = Roots(database, root)
    lowest = next_numbers(database, "exemplars", len(new))
    if first is not None and first < lowest:
        raise BadValue(f"the id {first} was given before: an id is never used twice")
    first = lowest if first is None else first
    inserts: list[tuple[object, ...]] = []
    checksums: list[int] = []
    for exemplar, one in enumerate(new, first):
        label = numbers[one.label]
        root_id, root_path, source = roots.split(one.source)
        row = _row(exemplar, one, label=label)._replace(
            root=root_path, source=source, added=writer.time, change=writer.change
        )
        checksums.append(row.checksum)
        writer.written.note(row)
        writer.written.note_vector(exemplar, one.vector)
        inserts.append((exemplar, label_ids[label], root_id, *row[3:], checksums[-1]))
    database.many(_INSERT, inserts)
    vectors = ((i, one.vector.astype("<f4", copy=False).tobytes()) for i, one in enumerate(new, first))
    database.many("insert into vectors values (?, ?)", vectors)
    if jpegs := [(i, one.thumbnail) for i, one in enumerate(new, first) if one.thumbnail is not None]:
        database.many("insert into thumbnails values (?, ?)", jpegs)
    ids = list(range(first, first + len(new)))
    if ids:
        writer.weigh(come=checksums)
    writer.record(Record(exemplar, "withdrawn", 1, 0) for exemplar in ids)
    return ids


def _row(exemplar: int, one: NewExemplar, *, label: str) -> Row:
    return Row(
        id=exemplar,
        label=label,
        root=None,
        source=None,
        sha256=bytes.fromhex(one.sha256) if one.sha256 else None,
        content=bytes.fromhex(one.content) if one.content else None,
        group=writable(one.group) if one.group else None,
        width=int(one.width),
        height=int(one.height),
        copy=one.copy,
        struck=int(one.struck),
        withdrawn=0,
        trust=None if one.trust == 1.0 else float(one.trust),
        derived=None,
        note=writable(one.note),
        added=0.0,
        vector_hash=vector_hash(one.vector),
        thumbnail_hash=None if one.thumbnail is None else hash64(one.thumbnail),
        change=0,
        box=None if one.box is None else str(one.box),
        original=bytes.fromhex(one.original) if one.original else None,
    )


def _check(new: Sequence[NewExemplar], dim: int) -> None:
    for one in new:
        if one.vector.shape != (dim,) or one.vector.dtype != np.float32:
            raise BadVector(
                f"this memory holds vectors of {dim} float32 numbers, not {one.vector.shape} {one.vector.dtype}"
            )
        if not 0 < one.trust <= 100:
            raise BadValue(f"trust must be above 0 and at most 100, not {one.trust:g}; to give no vote, strike it out")
        if one.box is not None and (one.original is None or one.box.within(one.width, one.height) != one.box):
            raise BadValue(f"the box {one.box} needs an original that it lies in")
