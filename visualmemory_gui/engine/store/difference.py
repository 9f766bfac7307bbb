"""What differs now from an earlier state: the net effect of all steps in between, in either direction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.store import branches, labels
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.tags import Tag
from visualmemory_gui.engine.store.writer import Value

_STEPS = "select number from steps where state = ?"


@dataclass(frozen=True, slots=True)
class Difference:
    """Ids increasing. ``relabelled`` and ``reweighed`` hold (id, then, now); a trust of None was not set by hand."""

    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    struck: tuple[int, ...] = ()
    restored: tuple[int, ...] = ()
    relabelled: tuple[tuple[int, str, str], ...] = ()
    reweighed: tuple[tuple[int, float | None, float | None], ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """Ids of all exemplars that differ, each once, increasing."""
        parts = (self.added, self.removed, self.struck, self.restored)
        changed = {i for part in parts for i in part} | {row[0] for row in (*self.relabelled, *self.reweighed)}
        return tuple(sorted(changed))


def since_step(database: Database, number: int) -> Difference:
    """Since just after step ``number``; 0 means since before the first. Raises BadValue where that is not known."""
    return _net(database, *_between(database, number))


def _between(database: Database, number: int) -> tuple[list[int], list[int]]:
    """The steps to do, after those to take back, on the way from just after step ``number`` to the present."""
    if number == 0:
        return _numbers(database, f"{_STEPS} order by position", "done"), []
    found = database.maybe("select state, position from steps where number = ?", (number,))
    if found is None:
        raise BadValue(f"there is no step {number} in the history")
    state, position = found
    if state == "done":
        return _numbers(database, f"{_STEPS} and position > ? order by position", "done", position), []
    if state == "undone":
        return [], _numbers(database, f"{_STEPS} and position >= ? order by position", "undone", position)
    aside, base = branches.path(database, number)
    if not aside:
        raise BadValue(f"step {number} was undone, and other edits took its place: that state cannot be compared now")
    done, undone = _between(database, base)
    return done, [*aside, *undone]


def since_tag(database: Database, tag: Tag) -> Difference:
    """Since the state that ``tag`` names."""
    if tag.step is None:
        return since_step(database, 0)
    if database.maybe("select 1 from steps where number = ?", (tag.step,)) is not None:
        return since_step(database, tag.step)
    # The step was forgotten, and with it all it did: what came after it still did.
    after = _numbers(database, f"{_STEPS} and position > ? order by position", "done", tag.position)
    return _net(database, after, [])


def since_time(database: Database, moment: float) -> Difference:
    """Since ``moment``, in seconds since the epoch: steps done later, and earlier steps that were undone later."""
    done = _numbers(database, f"{_STEPS} and touched > ? order by position", "done", moment)
    undone = _numbers(database, f"{_STEPS} and touched > ? and time <= ? order by position", "undone", moment, moment)
    return _net(database, done, undone)


def _numbers(database: Database, sql: str, *params: object) -> list[int]:
    return [row[0] for row in database.rows(sql, params)]


def _net(database: Database, done: Iterable[int], undone: Iterable[int]) -> Difference:
    """The net effect of taking back the ``undone`` steps, then doing the ``done`` ones, in their order."""
    fields: dict[tuple[int, str], tuple[Value, Value]] = {}
    for number, back in [*((number, True) for number in undone), *((number, False) for number in done)]:
        for exemplar, field, before, after in database.rows(
            "select exemplar, field, before, after from entries where step = ?", (number,)
        ):
            then, now = (after, before) if back else (before, after)
            first = fields.get((exemplar, field), (then, now))[0]
            fields[exemplar, field] = (first, now)
    changed = {key: pair for key, pair in sorted(fields.items()) if pair[0] != pair[1]}
    return _in_words(database, changed)


def _in_words(database: Database, changed: dict[tuple[int, str], tuple[Value, Value]]) -> Difference:
    def ids(field: str, now: int) -> tuple[int, ...]:
        return tuple(i for (i, name), pair in changed.items() if name == field and pair[1] == now)

    def path(number: Value) -> str:
        return labels.path_of(database, int(number or 0))

    come, gone = ids("withdrawn", 0), ids("withdrawn", 1)
    # An exemplar that was added or removed does not also count as changed, nor does one absent in both states.
    away = {*come, *gone} | {
        i for i in {key[0] for key in changed} if database.one("select withdrawn from exemplars where id = ?", (i,))[0]
    }
    rest = {key: pair for key, pair in changed.items() if key[0] not in away}
    return Difference(
        added=come,
        removed=gone,
        struck=tuple(i for i in ids("struck", 1) if i not in away),
        restored=tuple(i for i in ids("struck", 0) if i not in away),
        relabelled=tuple((i, path(a), path(b)) for (i, name), (a, b) in rest.items() if name == "label"),
        reweighed=tuple((i, a, b) for (i, name), (a, b) in rest.items() if name == "trust"),
    )
