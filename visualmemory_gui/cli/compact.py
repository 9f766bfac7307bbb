"""The command compact: shrinks the database and rebuilds the index."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import writer
from visualmemory_gui.cli.output import Progress, emit, megabytes, print_line
from visualmemory_gui.engine.text.visible_text import how_many


def compact(
    memory: options.Memory,
    keep_history: Annotated[
        str | None,
        typer.Option(
            "--keep-history", metavar="TIME", help="Drop steps older than this, e.g. 30d or 12h. Default: drop none."
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Shrink the database and rebuild the index."""
    seconds = None if keep_history is None else _seconds(keep_history)
    with writer(memory) as m, Progress("compacting") as report:
        done = m.maintenance.compact(keep_history_s=seconds, report=report)
    if as_json:
        emit({"memory": memory, **asdict(done)})
    else:
        print_line(f"{megabytes(done.before)} before, {megabytes(done.after)} now")
        if done.purged:
            print_line(f"{how_many(done.purged)} whose adding was undone deleted for good")


def _seconds(text: str) -> float:
    from visualmemory_gui.engine.store.moment import seconds

    found = seconds(text)
    if found is None:
        raise typer.BadParameter("a number and s, m, h, d or w, e.g. 30d", param_hint="--keep-history")
    return found
