"""One transaction that changes exemplars: its change number and its records."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.written_rows import Written
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Changes

Field = Literal["withdrawn", "struck", "label", "trust", "derived"]
# A flag, a label's number, a trust; None for a trust that was not set.
Value = int | float | None


class Record(NamedTuple):
    """``field`` of ``exemplar`` went from ``before`` to ``after``."""

    exemplar: int
    field: Field
    before: Value
    after: Value


_NOTHING = Changes(edit=None, change=0)


class Writer:
    """Collects what the open transaction does to exemplars; ``change``, the ledger's next one, is stamped on each row
    it touches.

    ``changes`` says what happened once the block has ended, ``written`` what the rows have become.
    """

    def __init__(self, database: Database, change: int) -> None:
        self.time = time.time()
        self.changes = _NOTHING
        self.written = Written()
        self.change = change
        self._database = database
        self._touched = False
        self._records: dict[tuple[int, Field], tuple[Value, Value]] = {}

    def record(self, records: Iterable[Record]) -> None:
        """Note what changed; a second change of the same field joins the first."""
        for record in records:
            key = (record.exemplar, record.field)
            before = self._records[key][0] if key in self._records else record.before
            self._records[key] = (before, record.after)

    def weigh(self, *, gone: Collection[int] = (), come: Collection[int] = ()) -> None:
        """Note that rows with the stored checksums ``gone`` went and rows with ``come`` replaced or joined them."""
        self._database.ledger.weigh("exemplars", come=come, gone=gone)
        self._touched = True

    @property
    def reached(self) -> int:
        """The memory's change number once this is committed."""
        return self.change if self._touched else self.change - 1

    def records(self) -> list[Record]:
        """What changed in the end: a field that came back to what it was is left out."""
        return [
            Record(exemplar, field, before, after)
            for (exemplar, field), (before, after) in self._records.items()
            if before != after
        ]

    @contextmanager
    def nested(self) -> Iterator[Writer]:
        """A part that may fail on its own: then it leaves neither rows nor records."""
        kept = dict(self._records), self._touched, self.written.copy()
        try:
            with self._database.atomic():
                yield self
        except BaseException:
            self._records, self._touched, self.written = kept
            raise

    def save(self) -> None:
        """Make the change number the memory's, if anything was touched."""
        if self._touched:
            self._database.ledger.advance(self.change)


@contextmanager
def writing(database: Database) -> Iterator[Writer]:
    """One transaction whose changes to exemplars make no step of the history."""
    with database.atomic():
        writer = Writer(database, database.ledger.next_change)
        yield writer
        writer.save()


def changes_of(records: Iterable[Record], *, edit: str | None, change: int, step: int | None) -> Changes:
    """``records`` in the words of Changes."""
    found: dict[str, list[int]] = {}
    for record in records:
        found.setdefault(_part(record), []).append(record.exemplar)
    parts = {name: tuple(sorted(set(ids))) for name, ids in found.items()}
    return Changes(edit=edit, change=change, step=step, **parts)  # type: ignore[arg-type]


def together(parts: Sequence[Changes], *, change: int, step: int | None) -> Changes:
    """Several walks through the history, reported as one."""
    if not parts:
        return Changes(edit=None, change=change)

    def union(name: str) -> tuple[int, ...]:
        return tuple(sorted({i for part in parts for i in getattr(part, name)}))

    return Changes(
        edit=how_many(len(parts), "step"),
        change=change,
        step=step,
        added=union("added"),
        removed=union("removed"),
        struck=union("struck"),
        restored=union("restored"),
        relabelled=union("relabelled"),
        reweighed=union("reweighed"),
    )


def _part(record: Record) -> str:
    if record.field == "withdrawn":
        return "removed" if record.after else "added"
    if record.field == "struck":
        return "struck" if record.after else "restored"
    return "relabelled" if record.field == "label" else "reweighed"
