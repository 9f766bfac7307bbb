"""Names of steps, made from their entries when they are shown: a stored name could keep a label that was forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.writer import Record, Value
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import StepState

SAMPLE = 3
"""So many exemplars of a step are shown beside its name."""
MOST_TAUGHT = 1_000
"""The class of a larger step is not looked up: what adds so many is an import of many classes."""
_PAST = {
    "Add": "Added",
    "Change": "Changed",
    "Merge in": "Merged in",
    "Prune": "Pruned",
    "Relabel": "Relabelled",
    "Rename": "Renamed",
    "Restore": "Restored",
    "Set": "Set",
    "Strike out": "Struck out",
    "Strike out and restore": "Struck out and restored",
    "Take": "Took",
    "Teach": "Taught",
    "Tune": "Tuned",
}


class Outline(NamedTuple):
    """What a name needs of a step: how many exemplars, which fields, and each (before, after) that occurs, up to a few.

    ``moves`` is empty where there are too many to name, and for fields whose values are not named. ``sample`` are the
    first ids. ``label`` is the one that all of the exemplars have, where that is known without looking it up.
    """

    exemplars: int
    fields: frozenset[str]
    moves: frozenset[tuple[Value, Value]] = frozenset()
    sample: tuple[int, ...] = ()
    label: str | None = None


class StepName(NamedTuple):
    """The name of a step: a verb of ``_PAST``, or one that reads the same in both forms, and what it was done to.

    ``label`` is the class that the step gave to all its exemplars; then ``rest`` ends with it.
    """

    verb: str
    rest: str
    label: str | None = None

    @property
    def edit(self) -> str:
        """What undo and redo call it: "Relabel 12 exemplars to cat/tabby"."""
        return f"{self.verb} {self.rest}"

    @property
    def past(self) -> str:
        """What the history says: "Relabelled 12 exemplars to cat/tabby"."""
        return f"{_PAST.get(self.verb, self.verb)} {self.rest}"


class StepLabels(Protocol):
    """The labels that the name of one step needs."""

    def path(self, number: int) -> str: ...

    def taught(self, outline: Outline) -> str | None: ...


class StoredLabels(NamedTuple):
    """Those of the stored step ``step``."""

    database: Database
    step: int

    def path(self, number: int) -> str:
        """The label of that number. Raises DamagedMemory."""
        return labels.path_of(self.database, number)

    def taught(self, outline: Outline) -> str | None:
        """The one class that all exemplars of the step were added to, None if there are several."""
        return _class_taught(self.database, self.step, outline)


def outline_of(records: Iterable[Record], label_of_all: Callable[[set[int]], str | None]) -> Outline:
    """The outline of the given records; ``label_of_all`` tells the one label of exemplars, if that is known: it names
    what was added."""
    ids, fields, moves = set[int](), set[str](), set[tuple[Value, Value]]()
    for exemplar, field, before, after in records:
        ids.add(exemplar)
        fields.add(field)
        moves.add((before, after))
    label = label_of_all(ids) if "withdrawn" in fields else None
    return Outline(len(ids), frozenset(fields), frozenset(moves), tuple(sorted(ids)[:SAMPLE]), label)


def outline_in(database: Database, step: int) -> Outline:
    """The outline of a stored step."""
    found = database.rows(
        "select field, before, after, count(*) from entries where step = ? group by field, before, after", (step,)
    )
    if len({row[0] for row in found}) == 1:
        exemplars = sum(row[3] for row in found)
    else:
        exemplars = database.one("select count(distinct exemplar) from entries where step = ?", (step,))[0]
    sample = database.rows("select distinct exemplar from entries where step = ? order by 1 limit ?", (step, SAMPLE))
    return Outline(
        exemplars,
        frozenset(row[0] for row in found),
        frozenset((row[1], row[2]) for row in found),
        tuple(row[0] for row in sample),
    )


def compose(
    outline: Outline, named: StepLabels, *, kind: str, state: StepState = "done", total: int | None = None
) -> StepName:
    """The name a person understands.

    ``total`` is what an import set out to add, None once it has finished.
    """
    many = how_many(outline.exemplars)
    afters = {after for _, after in outline.moves}
    only = next(iter(afters)) if len(afters) == 1 else None
    field = next(iter(outline.fields)) if len(outline.fields) == 1 else ""
    if field == "withdrawn" and only == 1:
        return StepName("Take", f"{many} out again")
    if kind == "merge":
        return StepName("Merge in", many)
    if field == "withdrawn" or kind in ("add", "import"):
        taught = named.taught(outline) if kind == "add" else None
        return _teaching(outline.exemplars, taught) if taught else _adding(outline.exemplars, state=state, total=total)
    if field == "struck":
        verb = ("Prune" if kind == "prune" else "Strike out") if only == 1 else "Restore"
        return StepName(verb if only is not None else "Strike out and restore", many)
    if field == "label":
        return _relabelling(named, outline, renamed=kind == "rename")
    if field == "trust":
        return StepName("Set", f"the trust of {many}" + (f" to {only:g}" if only is not None else ""))
    if field == "derived":
        return StepName("Prune" if kind == "prune" else "Tune", f"the trust of {many}")
    return StepName("Change", many)


def _adding(count: int, *, state: StepState, total: int | None) -> StepName:
    if state == "open":
        return StepName("Adding", how_many(count) if total is None else f"{count:,} of {how_many(total)}")
    if total is None or count >= total:
        return StepName("Add", how_many(count))
    return StepName("Add", f"{count:,} of {how_many(total)} (stopped)")


def _teaching(count: int, label: str) -> StepName:
    return StepName("Teach", f"{count:,} as {label}", label)


def _class_taught(database: Database, step: int, outline: Outline) -> str | None:
    """The one class that all exemplars of ``step`` were added to, None if there are several.

    That is their label now, or the one before it was first changed.
    """
    if outline.exemplars > MOST_TAUGHT:
        return None
    if outline.label is not None:
        return outline.label
    found = database.rows(
        """select distinct coalesce(
             (select n.before from entries n where n.exemplar = e.exemplar and n.field = 'label' and n.step > e.step
              order by n.step limit 1), x.label_id)
           from entries e join exemplars x on x.id = e.exemplar where e.step = ? limit 2""",
        (step,),
    )
    return labels.path_of(database, found[0][0]) if len(found) == 1 else None


def _relabelling(named: StepLabels, outline: Outline, *, renamed: bool) -> StepName:
    def path(number: Value) -> str:
        return named.path(int(number or 0))

    moves = {(path(before), path(after)) for before, after in outline.moves}
    if renamed:
        old, new = (labels.common([move[side] for move in moves]) for side in (0, 1))
        if old and new and all(before[len(old) :] == after[len(new) :] for before, after in moves):
            return StepName("Rename", f"{old} to {new}")
    targets = {after for _, after in moves}
    only = targets.pop() if len(targets) == 1 else None
    return StepName("Relabel", f"{how_many(outline.exemplars)}{f' to {only}' if only else ''}", only)
