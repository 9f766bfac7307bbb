"""The exemplars of a memory in a folder as the rows of a shared memory, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.shared_memory.shared_row import SharedRow
from visualmemory_gui.engine.store.exemplar_row import stored_box
from visualmemory_gui.engine.types import F32, Exemplar, NewExemplar

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory


def rows_of(m: WholeMemory, numbers: Mapping[str, int], *, writer: str) -> Iterator[list[SharedRow]]:
    """All exemplars of ``m`` but the withdrawn ones, by id, a page at a time; ``numbers`` are those of the labels.

    Raises StorageError where a label has none: it was added since the labels were numbered.
    """
    by_hand = set(m.catalog.trusted_by_hand().tolist())
    for page in m.catalog.pages():
        if new := {one.label for one in page} - numbers.keys():
            raise StorageError(f"the label {min(new)} was added while the memory was copied: copy it again")
        vectors = m.catalog.vectors(np.array([one.id for one in page], np.int64))
        yield [
            row_of(one, vector, label=numbers[one.label], by_hand=one.id in by_hand, writer=writer)
            for one, vector in zip(page, vectors, strict=True)
        ]


def row_of(one: Exemplar, vector: F32, *, label: int, by_hand: bool, writer: str) -> SharedRow:
    """One exemplar as a row; ``by_hand`` says who set its trust."""
    return SharedRow(
        id=one.id,
        label=label,
        struck=one.state == "struck",
        withdrawn=one.state == "withdrawn",
        trust=one.trust if by_hand else None,
        derived=None if by_hand or one.trust == 1.0 else one.trust,
        content=one.content,
        sha256=one.sha256,
        source=one.source,
        group=one.group,
        width=one.width,
        height=one.height,
        note=one.note,
        added=one.added,
        box=None if one.box is None else str(one.box),
        original=one.original,
        version=1,
        writer=writer,
        vector=vector,
    )


def new_row(new: NewExemplar, *, exemplar: int, label: int, added: float, writer: str) -> SharedRow:
    """An exemplar that is added as a row, under the id ``exemplar``."""
    return SharedRow(
        id=exemplar,
        label=label,
        struck=new.struck,
        withdrawn=False,
        trust=None if new.trust == 1.0 else new.trust,
        derived=None,
        content=new.content,
        sha256=new.sha256,
        source=new.source,
        group=new.group,
        width=new.width,
        height=new.height,
        note=new.note,
        added=added,
        box=None if new.box is None else str(new.box),
        original=new.original,
        version=1,
        writer=writer,
        vector=new.vector,
    )


def new_exemplar(row: SharedRow, *, label: str, thumbnail: bytes | None) -> NewExemplar:
    """A row as an exemplar to add to a folder; a trust that a study derived becomes one set by hand."""
    return NewExemplar(
        label=label,
        vector=row.vector,
        content=row.content,
        sha256=row.sha256,
        source=row.source,
        group=row.group,
        width=row.width,
        height=row.height,
        thumbnail=thumbnail,
        note=row.note,
        trust=row.voice,
        struck=row.struck,
        box=stored_box(row.box, f"exemplar {row.id}", (row.width, row.height)),
        original=row.original,
    )


def label_numbers(labels: Iterable[str], known: Mapping[str, int], *, above: int = 0) -> dict[str, int]:
    """A number for each of ``labels``: the ``known`` one, else one above all that are known and ``above``."""
    numbers, last = dict(known), max(above, *known.values()) if known else above
    for label in labels:
        if label not in numbers:
            last += 1
            numbers[label] = last
    return numbers
