"""An edit of a shared memory that is not made: the rows and labels as it would leave them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from visualmemory_gui.engine.errors import BadValue, UnknownExemplar
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.memory.protocol import ProposedChange
from visualmemory_gui.engine.shared_memory.candidates import LabelTable
from visualmemory_gui.engine.shared_memory.exemplar_pages import SharedExemplars
from visualmemory_gui.engine.shared_memory.folder_rows import new_row
from visualmemory_gui.engine.shared_memory.shared_classifier import Supposed
from visualmemory_gui.engine.shared_memory.shared_row import Changed, SharedRow
from visualmemory_gui.engine.store.exemplar_row import checked_trust
from visualmemory_gui.engine.store.labels import clean
from visualmemory_gui.engine.types import NewExemplar

FIRST_ID = 1 << 62
"""Ids of exemplars that an edit would add: above all that are given."""


def supposed(edit: ProposedChange, catalog: SharedExemplars, table: LabelTable, dim: int) -> Supposed:
    """What ``edit`` would leave; ``table`` has all labels as they are. Raises UnknownExemplar, BadLabel, BadValue where
    the edit would."""
    if edit.kind == "teach":
        wanted = table.with_labels([clean(edit.label)])
        return _counted(wanted, [], _taught(edit, catalog, wanted, dim))
    rows = catalog.rows(dict.fromkeys(edit.ids))
    if edit.kind == "forget":
        rows += catalog.parts_of_rows(rows)
    elif withdrawn := [row.id for row in rows if row.withdrawn]:
        raise UnknownExemplar(withdrawn)
    paths = [clean(path) for path in edit.labels or (edit.label,) * len(edit.ids)] if edit.kind == "relabel" else []
    wanted = table.with_labels(paths)
    numbers = wanted.numbers
    label_of = dict(zip(edit.ids, paths, strict=True)) if paths else {}
    trust_of = dict(zip(edit.ids, edit.trusts or (edit.trust,) * len(edit.ids), strict=True))

    def changed(row: SharedRow) -> Changed:
        if edit.kind == "relabel":
            return {"label": numbers[label_of[row.id]]}
        if edit.kind == "reweigh":
            return {"trust": checked_trust(trust_of[row.id])}
        return {"withdrawn": True} if edit.kind == "forget" else {"struck": edit.kind == "strike"}

    return _counted(wanted, rows, [row.changed(changed(row), "") for row in rows])


def _taught(edit: ProposedChange, catalog: SharedExemplars, table: LabelTable, dim: int) -> list[SharedRow]:
    """The exemplars that teaching adds: an image that is here under the label is not added again."""
    if not edit.lessons:
        raise BadValue("teaching needs images")
    label = clean(edit.label)
    number = table.numbers[label]
    here = set[str]()
    rows: list[SharedRow] = []
    for lesson in edit.lessons:
        if lesson.content is not None:
            if lesson.content in here or any(one.label == label for one in catalog.by_content(lesson.content)):
                continue
            here.add(lesson.content)
        new = NewExemplar(label, gate(lesson.vector, dim), content=lesson.content, original=lesson.original)
        rows.append(new_row(new, exemplar=FIRST_ID + len(rows), label=number, added=time.time(), writer=""))
    return rows


def _counted(table: LabelTable, before: Iterable[SharedRow], after: Sequence[SharedRow]) -> Supposed:
    """``after`` in place of ``before``, with the labels counted as they would be."""
    difference = Counter(row.label for row in after if row.active)
    difference.subtract(row.label for row in before if row.active)
    counts = {
        number: replace(table.labels[number], active=table.labels[number].active + by)
        for number, by in difference.items()
    }
    return Supposed({row.id: row for row in after}, LabelTable.of({**table.labels, **counts}))
