"""The command relink: finds originals that were moved."""

from __future__ import annotations

from typing import Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import writer
from visualmemory_gui.cli.output import Progress, emit, print_line, say
from visualmemory_gui.engine.text.visible_text import how_many


def relink(
    memory: options.Memory,
    old: Annotated[str, typer.Argument(metavar="OLD", help="Where the images were: a file or folder.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Where they are now.")],
    as_json: options.Json = False,
) -> None:
    """Point the memory to source images that were moved. They are matched by their bytes."""
    with writer(memory) as m, Progress("looking for originals") as report:
        done = m.maintenance.relink(old, new, report)
    if as_json:
        emit({"moved": done.moved, "missing": list(done.missing)})
        return
    print_line(f"{how_many(done.moved, 'original')} found at {new}")
    for path in done.missing:
        say(f"not found: {path}")
