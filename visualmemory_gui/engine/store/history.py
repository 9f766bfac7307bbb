"""The steps of a memory's history: made where rows are written, undone and redone exactly, after a restart too.

A step is open (an import in progress), done, undone, or abandoned (undone, then something else was edited). It gets a
new ``position`` whenever it is applied or undone: undo takes the done step with the highest, redo the undone one.
What leads to a tag is not given up: those of the abandoned steps make a branch, see ``branches``.
Steps leave the history at its old end only, since a hole would make older undos wrong.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.store import branches, entries, step_names, tags
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.labels import drop_unused
from visualmemory_gui.engine.store.numbering import last_number
from visualmemory_gui.engine.store.purge import Purged, delete, unreachable
from visualmemory_gui.engine.store.revert import take_back
from visualmemory_gui.engine.store.sealed_table import ENTRIES, STEPS, TAGS
from visualmemory_gui.engine.store.writer import Field, Record, Value, Writer, changes_of, together, writing
from visualmemory_gui.engine.types import Changes, Step, StepState

_COLUMNS = "number, kind, time, state, total, position"
_LAST = """select (select position from steps where state = 'done' order by position desc limit 1),
    (select position from steps where state = 'undone' order by position desc limit 1)"""


StoredState = Literal["open", "done", "undone", "abandoned"]


class _Last(NamedTuple):
    """The highest position and number given so far, and whether steps are undone."""

    position: int
    number: int
    undone: bool


class History:
    """Opens steps and walks through them. Every method is one transaction and may be called from any thread."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog
        self._writer: Writer | None = None
        self._known: tuple[int, _Last] | None = None  # after an edit, with the database's rollbacks at that time
        if not database.readonly:
            self._finish_left_open()

    @contextmanager
    def step(self, kind: str) -> Iterator[Writer]:
        """One edit: all of the block is kept as one step, or nothing. Inside another step it becomes part of that.

        A block that changed nothing makes no step. After the block ``writer.changes`` says what happened. The edit
        abandons the steps that were undone before it; those that lead to a tag become a branch.
        """
        with self._database.lock:
            if self._writer is not None:
                with self._writer.nested() as writer:
                    yield writer
                return
            with self._database.atomic():
                self._writer = writer = Writer(self._database, self._database.ledger.next_change)
                try:
                    yield writer
                finally:
                    self._writer = None
                self._make(writer, kind)
                writer.save()

    @contextmanager
    def joining(self, number: int) -> Iterator[Writer]:
        """One transaction of the import ``number``: what it adds belongs to that step."""
        with self._database.lock, writing(self._database) as writer:
            if self._state(number) != "open":
                raise BadValue(f"step {number} has ended and takes nothing more")
            self._writer = writer
            try:
                yield writer
            finally:
                self._writer = None
            records = writer.records()
            entries.keep_more(self._database, records, number)
            self._say(writer, records, number)

    def open_import(self, total: int | None = None) -> int:
        """Begin a step of many transactions that sets out to add ``total`` exemplars; returns its number."""
        with self._database.atomic():
            return self._insert("import", "open", after=self._last(), total=total)

    def finish_import(self, number: int, *, stopped: bool = False) -> Changes:
        """Give the import its place in the history. ``stopped`` says that it was cut short.

        Undone steps stay redoable. An import that added nothing leaves no step.
        """
        with self._database.atomic():
            if self._state(number) == "open":
                self._finish(number, stopped=stopped)
            found = self._named(self._read("where number = ?", (number,)))
            change = self._catalog.change()
            return Changes(edit=found[0].name if found else None, change=change, step=number if found else None)

    def undo(self) -> Changes:
        """Take back the last step that is done; ``edit`` is its name, None when there is none."""
        return self._walk("done", "undone")

    def redo(self) -> Changes:
        """Do again the step that was undone last; ``edit`` is its name, None when there is none."""
        return self._walk("undone", "done")

    def revert(self, number: int) -> Changes:
        """Take back step ``number`` alone, as a new step. What was changed since stays: ``Changes.left`` names it.

        Raises BadValue for a step that is not done.
        """
        if self._state(number) != "done":
            raise BadValue(f"step {number} is not done, so it cannot be reverted; see the history")
        with self.step("revert") as writer:
            left = take_back(self._database, self._catalog, writer, number)
        return replace(writer.changes, left=left)

    def go_back(self, number: int) -> Changes:
        """Undo, or redo, until step ``number`` is the last that is done (0: none is), all in one transaction.

        For a step on a branch, what is done above the beginning of the branch becomes a branch in its place. Raises
        BadValue for a step that the history no longer holds.
        """
        with self._database.atomic():
            aside, base = branches.path(self._database, number)
            if base != 0 and self._state(base) not in ("done", "undone"):
                raise BadValue(f"the memory cannot go back to step {number}: the history no longer holds it")
            walked = self._walk_to(base)
            if aside:
                self._exchange(aside, base)
                walked += self._walk_to(number)
        return together(walked, change=self._catalog.change(), step=number)

    def _walk_to(self, number: int) -> list[Changes]:
        """Undo or redo until ``number`` is the last step that is done; 0: none is."""
        walk = self.redo if number and self._state(number) == "undone" else self.undo
        walked: list[Changes] = []
        while (top := self._top("done")) is None or top.number != number:
            changes = walk()
            if changes.edit is None:
                break
            walked.append(changes)
        return walked

    def _exchange(self, aside: Sequence[int], base: int) -> None:
        """Put what is undone on a branch after ``base``, and let redo lead along ``aside``, the last of it first."""
        branches.put_aside(self._database, self._undone(), base)
        for number in aside:
            self._place(number, "undone")

    def tags_ahead(self) -> tuple[str, ...]:
        """Names of states that were undone and that redo leads to: an edit now puts them on a branch."""
        return tags.ahead(self._database)

    def branches(self) -> list[Step]:
        """The steps on branches, the latest first; each says which one it was done ``after``."""
        return self._named(self._read(f"where {branches.ON_BRANCH} order by number desc", ()))

    def can_undo(self) -> Step | None:
        """The step that ``undo`` would take back."""
        return self._top("done")

    def can_redo(self) -> Step | None:
        """The step that ``redo`` would do again."""
        return self._top("undone")

    def states(self, numbers: Collection[int]) -> dict[int, StepState]:
        """The states of steps; those that the history no longer holds are left out."""
        sql = "select number, state, position from steps where number = ?"
        found = self._database.many(sql, [(number,) for number in numbers])
        states = {number: _seen(state, position) for number, state, position in found}
        return {number: state for number, state in states.items() if state is not None}

    def steps(self, limit: int | None = None) -> list[Step]:
        """Newest first: imports in progress, then undone steps, the lowest of which is redone next, then done steps,
        the highest of which is undone next. Only the steps returned are given names."""
        order = """where state <> 'abandoned' order by case state when 'open' then 0 when 'undone' then 1 else 2 end,
                   case state when 'undone' then position else -position end, number desc limit ?"""
        return self._named(self._read(order, (-1 if limit is None else limit,)))

    def baseline(self) -> None:
        """Forget all steps and keep what they made: a memory just built has nothing to undo."""
        with self._database.atomic():
            self._drop(row[0] for row in self._database.rows("select number from steps where state <> 'open'"))

    def forget_before(self, moment: float) -> Purged:
        """Drop what was last done or undone before ``moment`` (seconds since the epoch), and all abandoned steps.

        What those steps could have brought back is purged.
        """
        with writing(self._database) as writer:
            kept = self._database.one(
                "select min(position) from steps where state in ('done', 'undone') and touched >= ?", (moment,)
            )[0]
            old = self._database.rows(
                "select number from steps where state in ('done', 'undone') and (?1 is null or position < ?1)", (kept,)
            )
            gone = {row[0] for row in old}
            gone |= branches.lost(self._database, moment, gone, begins_later=bool(gone))
            abandoned = self._database.rows("select number from steps where state = 'abandoned' and position >= 0")
            self._drop(sorted(gone | {row[0] for row in abandoned}))
            return self._purge_unreachable(writer)

    def purge_unreachable(self) -> Purged:
        """Delete for good the withdrawn exemplars that neither undo nor redo can bring back."""
        with writing(self._database) as writer:
            return self._purge_unreachable(writer)

    def _purge_unreachable(self, writer: Writer) -> Purged:
        purged = delete(self._database, writer, unreachable(self._database))
        drop_unused(self._database)
        return purged

    def _make(self, writer: Writer, kind: str) -> None:
        records = writer.records()
        if not records:
            writer.changes = Changes(edit=None, change=writer.reached)
            return
        last = self._last()
        branched = self._abandon() if last.undone else ()
        number = self._insert(kind, "done", after=last)
        self._known = self._database.rollbacks, _Last(last.position + 1, number, undone=False)
        ENTRIES.insert(self._database, [(number, *record) for record in records])
        self._say(writer, records, number, kind=kind)
        if branched:
            writer.changes = replace(writer.changes, branched=branched)

    def _abandon(self) -> tuple[str, ...]:
        """Abandon the undone steps; those up to the last tag become a branch. Returns the tags on it."""
        names = tags.ahead(self._database)
        if names:
            undone, top = self._undone(), self._top("done")
            tagged = {tag.step for name in names if (tag := tags.Tags(self._database).get(name)) is not None}
            last = max(place for place, number in enumerate(undone) if number in tagged)
            branches.put_aside(self._database, undone[: last + 1], top.number if top is not None else 0)
        STEPS.rewrite(self._database, "state = 'undone'", (), state="abandoned")
        return names

    def _undone(self) -> list[int]:
        """The undone steps, the next to be redone first."""
        found = self._database.rows("select number from steps where state = 'undone' order by position desc")
        return [row[0] for row in found]

    def _say(self, writer: Writer, records: list[Record], number: int, *, kind: str = "import") -> None:
        """Make ``writer.changes`` report ``records``, which are entries of step ``number``."""
        outline = step_names.outline_of(records, writer.written.label_of_all)
        name = step_names.compose(outline, self._labels(number), kind=kind).edit if records else None
        writer.changes = changes_of(records, edit=name, change=writer.reached, step=number)

    def _labels(self, number: int) -> step_names.StoredLabels:
        return step_names.StoredLabels(self._database, number)

    def _walk(self, source: str, target: str) -> Changes:
        with self._database.lock:
            step = self._top(source)
            if step is None:
                return Changes(edit=None, change=self._catalog.change())
            with writing(self._database) as writer:
                records = self._apply(writer, step.number, back=target == "undone")
                self._place(step.number, target)
            return changes_of(records, edit=step.name, change=writer.reached, step=step.number)

    def _apply(self, writer: Writer, number: int, *, back: bool) -> list[Record]:
        wanted: dict[Field, list[tuple[int, Value]]] = {}
        for exemplar, field, before, after in entries.of_step(self._database, number):
            wanted.setdefault(field, []).append((exemplar, before if back else after))
        return [record for field, values in wanted.items() for record in self._catalog.write(writer, field, values)]

    def _insert(self, kind: str, state: str, *, after: _Last, total: int | None = None) -> int:
        self._known = None
        number, position, now = after.number + 1, after.position + 1 if state == "done" else 0, time.time()
        STEPS.insert(self._database, [(number, kind, state, position, now, now, total)])
        return number

    def _place(self, number: int, state: str) -> None:
        position = self._last().position + 1
        STEPS.rewrite(self._database, "number = ?", (number,), state=state, position=position, touched=time.time())
        self._known = None

    def _last(self) -> _Last:
        if self._known is not None and self._known[0] == self._database.rollbacks:
            return self._known[1]
        done, undone = self._database.one(_LAST)
        number = last_number(self._database, "steps")
        return _Last(max(done or 0, undone or 0), number, undone=undone is not None)

    def _finish(self, number: int, *, stopped: bool) -> None:
        if self._database.maybe("select 1 from entries where step = ? limit 1", (number,)) is None:
            self._drop([number])
            return
        if not stopped:
            STEPS.rewrite(self._database, "number = ?", (number,), total=None)
        self._place(number, "done")

    def _finish_left_open(self) -> None:
        for row in self._database.rows("select number from steps where state = 'open' order by number"):
            self.finish_import(row[0], stopped=True)

    def _state(self, number: int) -> str | None:
        found = self._database.maybe("select state from steps where number = ?", (number,))
        return None if found is None else str(found[0])

    def _top(self, state: str) -> Step | None:
        return next(iter(self._named(self._read("where state = ? order by position desc limit 1", (state,)))), None)

    def _read(self, where: str, params: tuple[object, ...]) -> list[tuple[Any, ...]]:
        return self._database.rows(f"select {_COLUMNS} from steps {where}", params)

    def _named(self, found: list[tuple[Any, ...]]) -> list[Step]:
        return [self._step(*row) for row in found]

    def _step(
        self, number: int, kind: str, moment: float, stored: StoredState, total: int | None, position: int
    ) -> Step:
        state = _seen(stored, position) or "undone"
        outline = step_names.outline_in(self._database, number)
        name = step_names.compose(outline, self._labels(number), kind=kind, state=state, total=total)
        return Step(
            number,
            name.edit,
            kind,
            moment,
            state,
            outline.exemplars,
            name.past,
            name.label,
            outline.sample,
            branches.after(position) if state == "branch" else None,
        )

    def _drop(self, numbers: Iterable[int]) -> None:
        gone = [(number,) for number in numbers]
        TAGS.delete(
            self._database,
            f"step = ?1 and exists (select 1 from steps where number = ?1 and {branches.ON_BRANCH})",
            gone,
        )
        ENTRIES.delete(self._database, "step = ?", gone)
        STEPS.delete(self._database, "number = ?", gone)


def _seen(stored: StoredState, position: int) -> StepState | None:
    """The state of a step as others see it, None for one that can no longer be reached."""
    if stored == "abandoned":
        return "branch" if position < 0 else None
    return stored
