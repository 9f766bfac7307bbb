"""Names of steps, made from their entries when they are shown: a stored name could keep a label that was forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.writer import Record, Value
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import StepState


@dataclass(frozen=True, slots=True)
class Outline:
    """What a name needs of a step: how many exemplars, which fields, and each (before, after) that occurs, up to a few.

    ``moves`` is empty where there are too many to name, and for fields whose values are not named.
    """

    exemplars: int
    fields: frozenset[str]
    moves: frozenset[tuple[Value, Value]] = frozenset()


def outline_of(records: Iterable[Record]) -> Outline:
    """The outline of the given records."""
    kept = list(records)
    return Outline(
        len({record.exemplar for record in kept}),
        frozenset(record.field for record in kept),
        frozenset((record.before, record.after) for record in kept),
    )


def outline_in(database: Database, step: int) -> Outline:
    """The outline of a stored step."""
    found = database.rows(
        "select field, before, after, count(*) from entries where step = ? group by field, before, after", (step,)
    )
    if len({row[0] for row in found}) == 1:
        exemplars = sum(row[3] for row in found)
    else:
        exemplars = database.one("select count(distinct exemplar) from entries where step = ?", (step,))[0]
    return Outline(exemplars, frozenset(row[0] for row in found), frozenset((row[1], row[2]) for row in found))


def compose(
    database: Database, outline: Outline, *, kind: str, state: StepState = "done", total: int | None = None
) -> str:
    """The name a person understands, e.g. "Relabel 12 exemplars to cat/tabby".

    ``total`` is what an import set out to add, None once it has finished.
    """
    many = how_many(outline.exemplars)
    afters = {after for _, after in outline.moves}
    only = next(iter(afters)) if len(afters) == 1 else None
    field = next(iter(outline.fields)) if len(outline.fields) == 1 else ""
    if field == "withdrawn" and only == 1:
        return f"Take {many} out again"
    if field == "withdrawn" or kind in ("add", "import"):
        return _adding(outline.exemplars, state=state, total=total)
    if field == "struck":
        verb = ("Prune" if kind == "prune" else "Strike out") if only == 1 else "Restore"
        return f"{verb} {many}" if only is not None else f"Strike out and restore {many}"
    if field == "label":
        return _relabelling(database, outline, renamed=kind == "rename")
    if field == "trust":
        return f"Set the trust of {many}" + (f" to {only:g}" if only is not None else "")
    if field == "derived":
        return f"{'Prune' if kind == 'prune' else 'Tune'} the trust of {many}"
    return f"Change {many}"


def _adding(count: int, *, state: StepState, total: int | None) -> str:
    if state == "open":
        return f"Adding {how_many(count)}" if total is None else f"Adding {count:,} of {how_many(total)}"
    if total is None or count >= total:
        return f"Add {how_many(count)}"
    return f"Add {count:,} of {how_many(total)} (stopped)"


def _relabelling(database: Database, outline: Outline, *, renamed: bool) -> str:
    def path(number: Value) -> str:
        return labels.path_of(database, int(number or 0))

    moves = {(path(before), path(after)) for before, after in outline.moves}
    if renamed:
        old, new = (labels.common([move[side] for move in moves]) for side in (0, 1))
        if old and new and all(before[len(old) :] == after[len(new) :] for before, after in moves):
            return f"Rename {old} to {new}"
    targets = {after for _, after in moves}
    to = f" to {targets.pop()}" if len(targets) == 1 else ""
    return f"Relabel {how_many(outline.exemplars)}{to}"
