"""The command push: copies a memory to a server."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import Progress, emit, print_line
from visualmemory_gui.engine.text.visible_text import how_many

Url = Annotated[
    str,
    typer.Argument(
        metavar="URL", help="The shared memory: milvus+http://HOST:PORT/COLLECTION, or milvus+https:// encrypted."
    ),
]


def push(memory: options.Memory, url: Url, as_json: options.Json = False) -> None:
    """Copy a memory to a Milvus server, for several people.

    All but its history and its image files; what arrived is compared. A push that was cut short goes on.
    """
    from visualmemory_gui.engine.shared_memory.address import SharedAddress
    from visualmemory_gui.engine.shared_memory.milvus_server import connected
    from visualmemory_gui.engine.shared_memory.push import push as push_memory

    place = SharedAddress.of(url)
    with reader(memory) as m, connected(place) as server, Progress("pushing") as report:
        done = push_memory(m, server, place.collection, report=report)
    if as_json:
        emit({"to": str(place), **asdict(done)})
    else:
        print_line(f"{how_many(done.exemplars)} at {place}, compared; {done.written:,} had to be sent")
