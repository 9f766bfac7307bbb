"""The command pull: copies a shared memory, or a sample of it, into a folder."""

from __future__ import annotations

from typing import Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.output import Progress, emit, print_line
from visualmemory_gui.cli.push import Url
from visualmemory_gui.engine.text.visible_text import how_many


def pull(
    url: Url,
    memory: Annotated[str, typer.Argument(metavar="MEMORY", help="The new folder; it must not exist.")],
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", min=1, help="Only N active exemplars, drawn at random.")
    ] = None,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Copy a shared memory, or a sample, into a new folder.

    Exemplars keep their ids. What arrived is compared before the folder appears. A pull that was cut short goes on.
    """
    from visualmemory_gui.engine.shared_memory.pull import pull_from

    with Progress("pulling") as report:
        done = pull_from(url, memory, sample=sample, seed=seed, report=report)
    if as_json:
        emit({"memory": memory, "exemplars": done.exemplars, "of": done.there})
    else:
        print_line(f"{how_many(done.exemplars)} of {done.there:,} in {memory}, compared")
