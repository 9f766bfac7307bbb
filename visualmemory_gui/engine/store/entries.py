"""What a step did to exemplars, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from visualmemory_gui.engine.store import branches
from visualmemory_gui.engine.store.database import Database, Params
from visualmemory_gui.engine.store.sealed_table import ENTRIES, STEPS
from visualmemory_gui.engine.store.writer import Field, Record, Value


def keep_more(database: Database, records: Sequence[Record], step: int) -> None:
    """Add ``records`` to the entries of ``step``; where it has one of the same field, that one's end is changed."""
    new = {key[1:] for key in ENTRIES.insert_new(database, [(step, *record) for record in records])}
    if len(new) == len(records):
        return
    for exemplar, field, _, after in records:
        if (exemplar, field) not in new:
            ENTRIES.rewrite(database, "step = ? and exemplar = ? and field = ?", (step, exemplar, field), after=after)


def of_step(database: Database, step: int) -> list[tuple[int, Field, Value, Value]]:
    """exemplar, field, before, after of each entry, by exemplar. Raises DamagedMemory where one was damaged."""
    return [tuple(row[1:]) for row in ENTRIES.whole(database, "step = ? order by exemplar", (step,))]


def drop(database: Database, where: str, params: Iterable[Params] = ((),)) -> None:
    """Delete the entries that match, and the steps that are left without any; imports in progress stay."""
    steps = {key[0] for key in ENTRIES.delete(database, where, params)}
    found = database.many(
        """select number from steps where number = ?1 and state <> 'open'
           and not exists (select 1 from entries where step = ?1)""",
        [(step,) for step in sorted(steps)],
    )
    for empty in found:
        branches.bridge(database, empty)
        STEPS.delete(database, "number = ?", [empty])
