"""The commands undo, redo, history, revert, tag and diff."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import any_reader, any_writer, reader
from visualmemory_gui.cli.output import emit, print_csv, print_line, say, table
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from visualmemory_gui.engine.types import Changes, Step

PAST = {"undo": "Undone", "redo": "Redone"}
Steps = Annotated[int, typer.Option("--steps", metavar="N", min=1, help="How many steps.")]


def undo(memory: options.AnyMemory, steps: Steps = 1, as_json: options.Json = False) -> None:
    """Undo the last edit, or the last few."""
    with any_writer(memory) as m:
        _tell(_repeated(m.undo, steps), "undo", as_json=as_json)
        if ahead := m.history.tags_ahead():
            say(f"tagged and undone: {', '.join(ahead)}; an edit puts that on a branch, and `tag NAME --go` leads back")


def redo(memory: options.AnyMemory, steps: Steps = 1, as_json: options.Json = False) -> None:
    """Redo the edits undone last."""
    with any_writer(memory) as m:
        _tell(_repeated(m.redo, steps), "redo", as_json=as_json)


def _repeated(walk: Callable[[], Changes], steps: int) -> list[Changes]:
    """The changes of up to ``steps`` undos or redos; fewer where the history ends."""
    done: list[Changes] = []
    while len(done) < steps and (changes := walk()).edit:
        done.append(changes)
    return done


def _tell(done: list[Changes], verb: str, *, as_json: bool) -> None:
    ids = sorted({i for changes in done for i in changes.ids})
    if as_json:
        emit({"edit": "; ".join(changes.edit or "" for changes in done) or None, "ids": ids})
        return
    for changes in done:
        print_line(f"{PAST[verb]}: {changes.edit}")
    if not done:
        print_line(f"nothing to {verb}")


def history(
    memory: options.AnyMemory,
    last: Annotated[int | None, typer.Option("--last", metavar="N", min=1, help="Only the latest steps.")] = None,
    form: options.Format = None,
    as_json: options.Json = False,
) -> None:
    """List the edits, latest first.

    Undone edits are at the top: `redo` takes the lowest of them, `undo` the latest edit below. At the end are those on
    branches, which lead to a tag: `tag MEMORY NAME --go` goes there.
    """
    shown = options.format_of(form, as_json=as_json)
    with any_reader(memory) as m:
        steps, aside = m.history.steps(last), m.history.branches()
    if shown is options.FormatName.json:
        emit({"steps": [step_json(s) for s in steps], "branches": [{**step_json(s), "after": s.after} for s in aside]})
        return
    head = ("step", "when", "state", "edit")
    rows = [(s.number, _when(s.time), _state(s), s.past) for s in (*steps, *aside)]
    (print_csv if shown is options.FormatName.csv else table)(rows=rows, head=head)


def _state(step: Step) -> str:
    return f"branch after {step.after}" if step.after is not None else step.state


def revert(
    memory: options.AnyMemory,
    step: Annotated[int, typer.Argument(metavar="STEP", help="The step to revert, as `history` lists it.")],
    as_json: options.Json = False,
) -> None:
    """Revert one earlier step, as a new step. Exemplars changed since are left as they are."""
    with any_writer(memory) as m:
        changes = m.history.revert(step)
    if as_json:
        emit({"edit": changes.edit, "ids": list(changes.ids), "left": list(changes.left)})
        return
    print_line(changes.edit or "nothing changed")
    if changes.left:
        print_line(f"left as they are, because they have been changed since: {' '.join(map(str, changes.left))}")


def tag(
    memory: options.AnyMemory,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The name; without it, the tags are listed.")
    ] = None,
    move: Annotated[bool, typer.Option("--move", help="Move an existing tag to the present state.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the tag.")] = False,
    go: Annotated[bool, typer.Option("--go", help="Go to the state with that tag, on a branch too.")] = False,
    as_json: options.Json = False,
) -> None:
    """Name the present state, or go to one that has a name.

    `diff --since NAME` tells what has changed since.
    What is undone on the way there is kept, and listed by `history`.
    """
    if name is None:
        _list_tags(memory, as_json=as_json)
        return
    if go:
        _go_to_tag(memory, name, as_json=as_json)
        return
    with any_writer(memory) as m:
        if delete:
            m.tags.drop(name)
            found = None
        else:
            found = m.tags.put(name, move=move)
    if as_json:
        emit({"tag": name if found is None else found.name, "step": found.step if found else None})
    else:
        print_line(f"deleted: {name}" if found is None else f"tagged: {found.name}")


def _list_tags(memory: str, *, as_json: bool) -> None:
    with any_reader(memory) as m:
        tags = m.tags.all()
        states = m.history.states([t.step for t in tags if t.step is not None])
    shown = {t.name: states.get(t.step or 0, "done") for t in tags}
    if as_json:
        emit(
            {
                "tags": [
                    {"tag": t.name, "step": t.step, "time": t.time, "undone": shown[t.name] == "undone",
                     "branch": shown[t.name] == "branch"}
                    for t in tags
                ]
            }
        )  # fmt: skip
        return
    rows = ((t.name, t.step or 0, _when(t.time), "" if shown[t.name] == "done" else shown[t.name]) for t in tags)
    table(rows, ("tag", "after step", "when", "state"))


def _go_to_tag(memory: str, name: str, *, as_json: bool) -> None:
    with any_writer(memory) as m:
        found = m.tags.get(name)
        if found is None:
            raise BadValue(f"unknown tag {name!r}")
        changes = m.history.go_back(found.step or 0)
    if as_json:
        emit({"tag": found.name, "step": found.step, "ids": list(changes.ids)})
    else:
        print_line(f"the memory is as it was at {found.name}: {how_many(len(changes.ids))} changed")


def diff(
    memory: options.Memory,
    since: Annotated[
        str, typer.Option("--since", metavar="STEP|TAG|TIME", help="A step, a tag, or a time: 2026-01-31, 90m, 2h, 7d.")
    ],
    as_json: options.Json = False,
) -> None:
    """Show what differs now from an earlier state."""
    with reader(memory) as m:
        found = m.history.difference(_moment(since, {t.name for t in m.tags.all()}))
    if as_json:
        moved = {
            name: [{"id": i, "from": then, "to": now} for i, then, now in getattr(found, name)]
            for name in ("relabelled", "reweighed")
        }
        plain = {name: list(getattr(found, name)) for name in ("added", "removed", "struck", "restored")}
        emit({"since": since, **plain, **moved})
        return
    for name in ("added", "removed", "struck", "restored"):
        if ids := getattr(found, name):
            print_line(f"{name}: {how_many(len(ids))}: {' '.join(map(str, ids))}")
    for i, then, now in (*found.relabelled, *found.reweighed):
        print_line(f"{i}: {1 if then is None else then} -> {1 if now is None else now}")
    if not found.ids:
        print_line("no differences")


def _moment(text: str, tags: set[str]) -> int | str | float:
    """A tag, a step's number, or a time: an ISO date, or how long ago."""
    from visualmemory_gui.engine.store.moment import moment

    if text in tags:
        return text
    found = moment(text)
    if found is None:
        raise BadValue(f"{text!r} is not a step, a tag or a time such as 2026-01-31, 90m, 2h or 7d")
    return found


def step_json(step: Step) -> dict[str, object]:
    """The JSON shape of one step; ``time`` is seconds since the epoch."""
    return {
        "step": step.number,
        "edit": step.name,
        "past": step.past,
        "kind": step.kind,
        "time": step.time,
        "state": step.state,
        "exemplars": step.exemplars,
    }


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")
