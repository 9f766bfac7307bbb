"""Edits of a shared memory: written to the journal, then to the server, then acknowledged."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from visualmemory_gui.engine.errors import BadValue, UnknownExemplar
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.shared_memory import shared_settings, step_outline
from visualmemory_gui.engine.shared_memory.candidates import LabelTable
from visualmemory_gui.engine.shared_memory.eraser import Eraser
from visualmemory_gui.engine.shared_memory.folder_rows import new_row
from visualmemory_gui.engine.shared_memory.journal import Journal, PendingEdit, reversed_records, value_of
from visualmemory_gui.engine.shared_memory.lease import Lease
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits
from visualmemory_gui.engine.shared_memory.shared_row import Changed, SharedRow
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.store.labels import clean
from visualmemory_gui.engine.store.writer import Record, Value, changes_of
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Changes, FinishedEdit, MemorySettings, NewExemplar, SharedReceipt

MOST_EDITED = 20_000
"""Exemplars of one edit at most: all of it is in the journal before the server gets it."""
BLOCK = 1_000
"""Ids that are reserved at once."""
Edited = Callable[[SharedRow], Changed]


class SharedEditor:
    """Makes, undoes and redoes the edits of one client, which holds the lease. May be called from any thread.

    ``moved`` is called with the label that exemplars had and the one that they have, after an edit that changed it.
    """

    def __init__(
        self,
        store: SharedStore,
        own: OwnEdits,
        journal: Journal,
        lease: Lease,
        *,
        moved: Callable[[str, str], object],
    ) -> None:
        self._store = store
        self._own = own
        self._journal = journal
        self._lease = lease
        self._eraser = Eraser(store, own, journal, lease)
        self._lock = threading.RLock()
        self._ids = range(0)
        self._moved = moved

    def edit(
        self, kind: str, ids: Sequence[int], edited: Callable[[LabelTable], Edited], labels: Sequence[str] = ()
    ) -> Changes:
        """Make one step: ``edited`` says what becomes of each of ``ids``. ``labels`` may be new.

        Raises UnknownExemplar and others, changing nothing; ServerError where the server did not get all of it: then it
        is finished by the next edit, or at the next opening.
        """
        with self._begun():
            rows = self._present(ids)
            table = self._with_labels(self._own.labels_of(rows), labels)
            change_of = edited(table)
            changed = {row.id: what for row in rows if (what := _only_new(row, change_of(row)))}
            return self._make(kind, table, rows, changed)

    def add(self, new: Sequence[NewExemplar], *, join: int | None = None) -> Changes:
        """Add complete rows, whose vectors were checked, as one step; or as a part of the step ``join``, where that is
        done and has room."""
        return self._add("add", new, (), lambda _: lambda _: {}, (), join=join)

    def merge(
        self,
        new: Sequence[NewExemplar],
        ids: Sequence[int],
        edited: Callable[[LabelTable], Edited],
        labels: Sequence[str] = (),
    ) -> Changes:
        """``add`` and ``edit`` as one step."""
        return self._add("merge", new, ids, edited, labels)

    def _add(
        self,
        kind: str,
        new: Sequence[NewExemplar],
        ids: Sequence[int],
        edited: Callable[[LabelTable], Edited],
        labels: Sequence[str],
        *,
        join: int | None = None,
    ) -> Changes:
        _require_few(len(new) + len(ids))
        with self._begun() as table:
            there = self._present(ids)
            cleaned = [clean(one.label) for one in new]
            table = self._with_labels(self._own.labels_of(there) if there else table, [*cleaned, *labels])
            change_of = edited(table)
            changed = {row.id: what for row in there if (what := _only_new(row, change_of(row)))}
            before = {row.id: row for row in there if row.id in changed}
            after = [row.changed(changed[row.id], self._journal.owner) for row in before.values()]
            records = [record for row in after for record in _records(before[row.id], row, changed[row.id])]
            numbers, number_of, now = self._reserve(len(new)), table.numbers, time.time()
            rows = [
                new_row(one, exemplar=exemplar, label=number_of[label], added=now, writer=self._journal.owner)
                for exemplar, one, label in zip(numbers, new, cleaned, strict=True)
            ]
            records += [Record(exemplar, "withdrawn", 1, 0) for exemplar in numbers]
            if not records:
                return Changes(edit=None, change=self._own.change)
            jpegs = {row.id: one.thumbnail for row, one in zip(rows, new, strict=True) if one.thumbnail is not None}
            room = join is not None and self._journal.entry_count(join) + len(new) <= MOST_EDITED
            part_of, changed_rows = join if room else None, [*after, *rows]
            return self._commit(kind, table, records, changed_rows, before=before, thumbnails=jpegs, join=part_of)

    def undo(self) -> Changes:
        """Take back the last step that is done; exemplars edited elsewhere since are left."""
        return self._walk("undo")

    def redo(self) -> Changes:
        """Do again the step undone last."""
        return self._walk("redo")

    def revert(self, number: int) -> Changes:
        """Take back one step alone, as a new step. Raises BadValue for one that is not done."""
        with self._begun() as table:
            step = self._journal.step(number)
            if step is None or step.state != "done":
                raise BadValue(f"step {number} is not done, so it cannot be reverted; see the history")
            rows, changed, left = self._taken(reversed_records(self._journal.records(number)))
            return replace(self._make("revert", table, rows, changed), left=left)

    def hide(self, ids: Sequence[int], *, rebuild: bool = False) -> SharedReceipt:
        """Delete exemplars for good, withdrawn ones too; ``erase`` then erases their bytes. See ``Eraser.hide``."""
        with self._begun():
            return self._eraser.hide(ids, rebuild=rebuild)

    def erase(self, report: Report) -> SharedReceipt:
        """Erase the bytes of what ``hide`` deleted; see ``Eraser.erase``. Edits may be made meanwhile."""
        return self._eraser.erase(report)

    def set(self, values: MemorySettings) -> int:
        """Keep settings on the server, as all decide by; returns the change number. No step of the history."""
        with self._begun() as table:
            change = self._own.change + 1
            shared_settings.write(self._store, values)
            self._store.put("change", change)
            self._lease.require()
            self._own.note((), table, change)
            return change

    def finish_forget(self) -> SharedReceipt | None:
        """Go on with a forget that was cut short; None where there is none. Raises ServerError."""
        with self._lock:
            return self._eraser.resume()

    def finish(self) -> FinishedEdit | None:
        """Finish the edit that was cut short; None where there is none. Raises ServerError."""
        with self._lock:
            edit = self._journal.pending()
            if edit is None:
                return None
            table = self._own.labels(now=True)
            step = self._journal.step(edit.step)
            records = self._journal.records(edit.step)
            wanted, left = self._still_due(edit)
            if left and len(left) == len(edit.rows):
                self._store.write_labels(self._store.recounted(edit.labels))
                self._journal.take_back()
                self._own.labels(now=True)
                return FinishedEdit(None, left)
            self._journal.leave(edit.step, left)
            self._send(replace(edit, rows=wanted))
            counted = self._store.recounted(edit.labels)
            self._store.write_labels(counted)
            self._lease.require()
            self._journal.finish()
            self._own.note(wanted, LabelTable.of({**table.labels, **counted}), edit.change)
            kind, label = ("edit", None) if step is None else (step.kind, step.label)
            name = step_outline.name_of(records, kind, self._own.labels(), label)
            return FinishedEdit(name.edit, left, tuple(row.id for row in wanted))

    def _begun(self) -> _Begun:
        """The lock, the lease, and nothing cut short; gives the labels as they are."""
        return _Begun(self)

    def _walk(self, act: str) -> Changes:
        with self._begun() as table:
            step = self._journal.top("done" if act == "undo" else "undone")
            if step is None:
                return Changes(edit=None, change=self._own.change)
            records = self._journal.records(step.number)
            wanted = reversed_records(records) if act == "undo" else records
            rows, changed, left = self._taken(wanted)
            name = step_outline.name_of(records, step.kind, table, step.label).edit
            done = self._apply(table, rows, changed, step=step.number, act="undo" if act == "undo" else "redo")
            made = [one for one in wanted if one.exemplar in changed]
            self._tell_moved(made)
            return replace(changes_of(made, edit=name, change=done.change, step=step.number), left=left)

    def _taken(self, wanted: Sequence[Record]) -> tuple[list[SharedRow], dict[int, Changed], tuple[int, ...]]:
        """What ``wanted`` does to the rows as they are now, and which of them have moved on and are left.

        So are those whose label another client has forgotten.
        """
        labels = self._own.labels().labels
        there = self._rows(sorted({one.exemplar for one in wanted}))
        changed: dict[int, Changed] = {}
        left: set[int] = set()
        for one in wanted:
            row = there.get(one.exemplar)
            gone = one.field == "label" and one.after not in labels
            if row is None or gone or value_of(row, one.field) != one.before:
                left.add(one.exemplar)
            else:
                changed.setdefault(one.exemplar, {})[one.field] = _typed(one)
        kept = {exemplar: what for exemplar, what in changed.items() if exemplar not in left}
        return [there[exemplar] for exemplar in kept], kept, tuple(sorted(left))

    def _make(self, kind: str, table: LabelTable, rows: Sequence[SharedRow], changed: Mapping[int, Changed]) -> Changes:
        """One new step of the ``changed`` rows."""
        before = {row.id: row for row in rows if row.id in changed}
        after = [row.changed(changed[row.id], self._journal.owner) for row in before.values()]
        records = [record for row in after for record in _records(before[row.id], row, changed[row.id])]
        if not records:
            return Changes(edit=None, change=self._own.change)
        return self._commit(kind, table, records, after, before=before, thumbnails={})

    def _commit(
        self,
        kind: str,
        table: LabelTable,
        records: Sequence[Record],
        rows: Sequence[SharedRow],
        *,
        before: Mapping[int, SharedRow],
        thumbnails: Mapping[int, bytes],
        join: int | None = None,
    ) -> Changes:
        edit = self._pending(table, rows, before, thumbnails)
        self._lease.require()
        label = _one_label(rows) if kind == "add" else None
        number = self._journal.begin(kind, records, edit, label=label, join=join)
        self._finish(table, replace(edit, step=number))
        self._tell_moved(records)
        name = step_outline.name_of(records, kind, self._own.labels(), label).edit
        return changes_of(records, edit=name, change=edit.change, step=number)

    def _apply(
        self,
        table: LabelTable,
        rows: Sequence[SharedRow],
        changed: Mapping[int, Changed],
        *,
        step: int,
        act: str,
    ) -> PendingEdit:
        """Undo or redo: the rows change, the step only changes its state."""
        before = {row.id: row for row in rows}
        after = [row.changed(changed[row.id], self._journal.owner) for row in rows]
        edit = replace(self._pending(table, after, before, {}), step=step, act="undo" if act == "undo" else "redo")
        self._lease.require()
        self._journal.begin_walk(edit)
        self._finish(table, edit)
        return edit

    def _tell_moved(self, records: Sequence[Record]) -> None:
        labels = self._own.labels().labels
        for before, after in sorted({(one.before, one.after) for one in records if one.field == "label"}):
            self._moved(labels[int(before)].path, labels[int(after)].path)  # type: ignore[arg-type]

    def _pending(
        self,
        table: LabelTable,
        rows: Sequence[SharedRow],
        before: Mapping[int, SharedRow],
        thumbnails: Mapping[int, bytes],
    ) -> PendingEdit:
        difference = Counter(row.label for row in rows if row.active)
        difference.subtract(row.label for row in before.values() if row.active)
        numbers = {row.label for row in (*rows, *before.values())}
        named = table.require(numbers).labels
        counts = {
            number: replace(named[number], active=named[number].active + difference[number]) for number in numbers
        }
        change = self._own.change + 1
        return PendingEdit(0, "do", list(rows), dict(thumbnails), counts, change)

    def _finish(self, table: LabelTable, edit: PendingEdit) -> None:
        self._send(edit)
        self._lease.require()
        self._journal.finish()
        self._own.note(edit.rows, LabelTable.of({**table.labels, **edit.labels}), edit.change)

    def _send(self, edit: PendingEdit) -> None:
        """Have the server get an edit. Labels come first: a row must not name one that is not there."""
        self._store.write_thumbnails(edit.thumbnails)
        self._store.write_labels(edit.labels)
        self._store.write(edit.rows)
        self._store.put("change", edit.change)

    def _still_due(self, edit: PendingEdit) -> tuple[list[SharedRow], tuple[int, ...]]:
        """The rows to be sent again, and those that another client has edited since."""
        there = self._store.rows(row.id for row in edit.rows)
        left = [
            row.id
            for row in edit.rows
            if (now := there.get(row.id)) is not None and now.checksum != row.checksum and now.version >= row.version
        ]
        gone = [row.id for row in edit.rows if row.id not in there and row.version > 1]
        moved = {*left, *gone}
        return [row for row in edit.rows if row.id not in moved], tuple(sorted(moved))

    def _present(self, ids: Sequence[int]) -> list[SharedRow]:
        """To edits a withdrawn exemplar does not exist."""
        wanted = list(dict.fromkeys(ids))
        _require_few(len(wanted))
        there = self._rows(wanted)
        if missing := [exemplar for exemplar in wanted if exemplar not in there or there[exemplar].withdrawn]:
            raise UnknownExemplar(missing)
        return [there[exemplar] for exemplar in wanted]

    def _rows(self, ids: Sequence[int]) -> dict[int, SharedRow]:
        """Those of ``ids`` that there are, with all that this client wrote: what it wrote just now is not waited for.
        What another wrote over it is as the other wrote it."""
        laid = self._own.laid()
        found = self._store.rows(ids, read=laid.read)
        for own in (laid.rows[one] for one in ids if one in laid.rows):
            there = found.get(own.id)
            if there is None or there.version < own.version:
                found[own.id] = own
        return found

    def _with_labels(self, table: LabelTable, paths: Iterable[str]) -> LabelTable:
        """With a number for each of ``paths``."""
        return table.with_labels(paths, above=self._store.highest_label)

    def _reserve(self, count: int) -> list[int]:
        """``count`` ids that no one was given, of a block that is reserved on the server."""
        if len(self._ids) < count:
            first = self._store.number("next_id") or 1
            self._ids = range(first, first + max(count, BLOCK))
            self._store.put("next_id", self._ids.stop)
        ids, self._ids = self._ids[:count], self._ids[count:]
        return list(ids)


class _Begun:
    """The block in which one edit is made."""

    def __init__(self, editor: SharedEditor) -> None:
        self._editor = editor

    def __enter__(self) -> LabelTable:
        self._editor._lock.acquire()
        try:
            self._editor._lease.require()
            self._editor.finish()
            return self._editor._own.labels()
        except BaseException:
            self._editor._lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._editor._lock.release()


def _only_new(row: SharedRow, what: Changed) -> Changed:
    """The part of ``what`` that changes the row."""
    found = {name: value for name, value in what.items() if getattr(row, name) != value}
    if "trust" in found and row.voice == found["trust"]:
        del found["trust"]
    return found  # type: ignore[return-value]


def _records(before: SharedRow, after: SharedRow, changed: Changed) -> list[Record]:
    return [
        Record(before.id, field, value_of(before, field), value_of(after, field))
        for field in ("withdrawn", "struck", "label", "trust")
        if field in changed
    ]


def _typed(record: Record) -> Value:
    """The value that a record ends with, as a row has it."""
    return bool(record.after) if record.field in ("struck", "withdrawn") else record.after


def _one_label(rows: Sequence[SharedRow]) -> int | None:
    numbers = {row.label for row in rows}
    return numbers.pop() if len(numbers) == 1 else None


def _require_few(count: int) -> None:
    if count > MOST_EDITED:
        raise BadValue(f"an edit of a shared memory is of at most {how_many(MOST_EDITED)}, not {count:,}: use several")
