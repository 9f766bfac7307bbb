"""Commands on the history: undo, redo, history."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader, writer
from visualmemory_gui.cli.output import emit, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from visualmemory_gui.engine.types import Changes, Step

PAST = {"undo": "Undone", "redo": "Redone"}
Steps = Annotated[int, typer.Option("--steps", min=1, help="How many steps.")]


def undo(memory: options.Memory, steps: Steps = 1, as_json: options.Json = False) -> None:
    """Undo the last edit, or the last few."""
    with writer(memory) as m:
        _tell(_repeated(m.undo, steps), "undo", as_json=as_json)


def redo(memory: options.Memory, steps: Steps = 1, as_json: options.Json = False) -> None:
    """Redo what was undone last."""
    with writer(memory) as m:
        _tell(_repeated(m.redo, steps), "redo", as_json=as_json)


def _repeated(walk: Callable[[], Changes], steps: int) -> list[Changes]:
    """What up to ``steps`` walks through the history changed; ends where there is nothing more to walk."""
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
        typer.echo(f"{PAST[verb]}: {changes.edit}")
    if not done:
        typer.echo(f"nothing to {verb}")


def history(
    memory: options.Memory,
    last: Annotated[int | None, typer.Option("--last", min=1, help="Only the latest steps.")] = None,
    as_json: options.Json = False,
) -> None:
    """List the edits. Those that can be redone first, then the latest first."""
    with reader(memory) as m:
        steps = m.history.steps(last)
    if as_json:
        emit({"steps": [step_json(step) for step in steps]})
        return
    rows = [(s.number, _when(s.time), s.state, s.name) for s in steps]
    table(rows, ("step", "when", "state", "edit"))


def step_json(step: Step) -> dict[str, object]:
    """The JSON shape of one step; ``time`` is seconds since the epoch."""
    return {
        "step": step.number,
        "edit": step.name,
        "kind": step.kind,
        "time": step.time,
        "state": step.state,
        "exemplars": step.exemplars,
    }


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")
