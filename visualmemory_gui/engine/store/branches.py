"""Branches of the history: undone steps that led to a tag, kept when an edit took their place.

A step of a branch is an abandoned one whose ``position`` is negative: -1 - n, where n is the step it was done after,
on a branch or not, and 0 is the state before all steps. The position of any other abandoned step means nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.store.database import RESTORE, Database
from visualmemory_gui.engine.store.sealed_table import STEPS, TAGS

ON_BRANCH = "state = 'abandoned' and position < 0"


def after(position: int) -> int:
    """The step that one on a branch, at ``position``, was done after."""
    return -1 - position


def put_aside(database: Database, steps: Sequence[int], base: int) -> None:
    """Make a branch of undone ``steps``, the next to be redone first; ``base`` is the last step that is done, or 0."""
    for number in steps:
        STEPS.rewrite(database, "number = ?", (number,), state="abandoned", position=-1 - base)
        base = number


def path(database: Database, number: int) -> tuple[list[int], int]:
    """The steps from ``number`` down to where its branch begins, and the step that it begins after.

    ([], number) for a step that is on no branch. Raises DamagedMemory where the steps lead in a circle.
    """
    steps: list[int] = []
    while row := database.maybe(f"select position from steps where number = ? and {ON_BRANCH}", (number,)):
        if number in steps:
            raise DamagedMemory(f"{database.path} is damaged: a branch of the history is a circle. {RESTORE}")
        steps.append(number)
        number = after(row[0])
    return steps, number


def lost(database: Database, moment: float, gone: Collection[int], *, begins_later: bool) -> set[int]:
    """Steps of branches last done or undone before ``moment``, and those that can no longer be reached.

    ``gone`` are steps dropped at the old end of the history, which then ``begins_later`` than before.
    """
    found = [
        (number, after(position), touched)
        for number, position, touched in database.rows(f"select number, position, touched from steps where {ON_BRANCH}")
    ]
    missing: set[int] = set(gone) | ({0} if begins_later else set())
    going: set[int] = set()
    while more := {n for n, below, touched in found if n not in going and (touched < moment or below in missing)}:
        going |= more
        missing |= more
    return going


def bridge(database: Database, gone: Iterable[int]) -> None:
    """Let the branches that begin after one of the steps ``gone``, which are to be deleted, begin after the step below.

    A tag on a branch moves there too: without its exemplars the step leads nowhere else.
    """
    for number in gone:
        row = database.maybe("select state, position from steps where number = ?", (number,))
        if row is None:
            continue
        below = _below(database, *row)
        STEPS.rewrite(database, f"position = ? and {ON_BRANCH}", (-1 - number,), position=-1 - below)
        if row[0] == "abandoned" and row[1] < 0:
            TAGS.rewrite(database, "step = ?", (number,), step=below or None)


def _below(database: Database, state: str, position: int) -> int:
    """The step that one in ``state`` at ``position`` was done after, 0 if there is none."""
    if state == "abandoned":
        return max(0, after(position))
    done = "select number from steps where state = 'done' and position < ? order by position desc limit 1"
    if state == "done":
        found = database.maybe(done, (position,))
    else:
        undone = "select number from steps where state = 'undone' and position > ? order by position limit 1"
        found = database.maybe(undone, (position,)) or database.maybe(done, (1 << 62,))
    return found[0] if found else 0
