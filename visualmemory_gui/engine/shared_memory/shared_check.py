"""Checks that all of a shared memory is as it was written: each row, its label, its thumbnail, and the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.shared_memory.server import RowCondition
from visualmemory_gui.engine.shared_memory.shared_row import ROW_COLUMNS, SharedRow
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.types import Damage


def verify(store: SharedStore, report: Report = silent) -> list[Damage]:
    """All damage that can be found; an empty list when there is none. Changes nothing. Raises ServerError.

    While another client edits the memory, its counts can differ for a moment.
    """
    labels = store.labels()
    active, last, seen = Counter[int](), 0, 0
    found: list[Damage] = []
    total = store.count(RowCondition("id", ">", 0))
    for page in store.column_pages(ROW_COLUMNS):
        for row in page:
            exemplar = int(str(row["id"]))
            where = f"exemplar {exemplar}"
            if exemplar == last:
                found.append(Damage("row", where, "it is there twice"))
            last, seen = exemplar, seen + 1
            try:
                read = SharedRow.from_server(row)
            except DamagedMemory as error:
                found.append(Damage("row", where, str(error)))
                continue
            if read.label not in labels:
                found.append(Damage("row", where, f"it has the label {read.label}, which is not there"))
            active[read.label] += read.active
        found += _thumbnails(store, [int(str(row["id"])) for row in page])
        report(seen, total, "rows")
    if seen + len(store.lingering()) != total:
        found.append(Damage("rows", store.collection, f"the server counts {total:,} rows and gives {seen:,}"))
    if last >= (store.number("next_id") or 1):
        found.append(Damage("ids", store.collection, f"exemplar {last} has an id that was never given"))
    for number, label in labels.items():
        if label.active != active[number]:
            told = f"it is counted {label.active:,} times, and {active[number]:,} active exemplars have it"
            found.append(Damage("label", label.path, told))
    return found


def _thumbnails(store: SharedStore, ids: list[int]) -> Iterator[Damage]:
    """Those among the thumbnails of ``ids`` that are none."""
    try:
        store.thumbnails(ids, read="strong")
        return
    except DamagedMemory as error:
        if len(ids) == 1:
            yield Damage("thumbnail", f"exemplar {ids[0]}", str(error))
            return
    for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
        yield from _thumbnails(store, half)
