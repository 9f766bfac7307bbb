"""The command verify: checks that everything in a memory is as it was written."""

from __future__ import annotations

from dataclasses import asdict

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import any_reader
from visualmemory_gui.cli.output import Progress, emit, print_line, table
from visualmemory_gui.engine.errors import MemoryFolderError, ServerError


def verify(memory: options.AnyMemory, as_json: options.Json = False) -> None:
    """Check rows, images and index. Names every damaged part; exit code 1 if there is one."""
    from visualmemory_gui.engine.memory import verify as checks

    try:
        with any_reader(memory) as m, Progress("checking") as report:
            found = m.maintenance.verify(report)
    except MemoryFolderError as error:
        if not as_json or isinstance(error, ServerError):
            raise
        found = [checks.unreadable(error)]
    if as_json:
        emit({"ok": not found, "damage": [asdict(one) for one in found]})
    elif found:
        table([(one.what, one.where, one.detail) for one in found], ("what", "where", "damage"))
    else:
        print_line("no damage found")
    if found:
        raise typer.Exit(1)
