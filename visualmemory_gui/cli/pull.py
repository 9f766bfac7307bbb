"""The command pull: copies a shared memory, or a sample of it, into a folder."""

from __future__ import annotations

from contextlib import ExitStack
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
    from visualmemory_gui.engine.shared_memory.address import SharedAddress
    from visualmemory_gui.engine.shared_memory.journal import Journal
    from visualmemory_gui.engine.shared_memory.milvus_server import connected
    from visualmemory_gui.engine.shared_memory.pull import pull as pull_memory
    from visualmemory_gui.engine.store.filesystem import folder_at

    place = SharedAddress.of(url)
    folder_at(memory)
    with ExitStack() as stack:
        server, report = stack.enter_context(connected(place)), stack.enter_context(Progress("pulling"))
        if (journal := Journal.if_there(place)) is not None:
            stack.callback(journal.close)
        done = pull_memory(server, place.collection, memory, sample=sample, seed=seed, journal=journal, report=report)
    if as_json:
        emit({"memory": memory, "exemplars": done.exemplars, "of": done.there})
    else:
        print_line(f"{how_many(done.exemplars)} of {done.there:,} in {memory}, compared")
