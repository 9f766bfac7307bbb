"""Commands that keep a memory in order: verify, compact, relink, settings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader, writer
from visualmemory_gui.cli.output import Progress, count, emit, megabytes, print_line, say, table
from visualmemory_gui.engine.errors import MemoryFolderError


def verify(memory: options.Memory, as_json: options.Json = False) -> None:
    """Check rows, images and index. Names every damage; exit code 1 when there is one."""
    from visualmemory_gui.engine import verify as checks

    try:
        with reader(memory) as m, Progress("checking") as report:
            found = m.maintenance.verify(report)
    except MemoryFolderError as error:
        if not as_json:
            raise
        found = [checks.unreadable(error)]
    if as_json:
        emit({"ok": not found, "damage": [asdict(one) for one in found]})
    elif found:
        table([(one.what, one.where, one.detail) for one in found], ("what", "where", "damage"))
    else:
        print_line("all is well")
    if found:
        raise typer.Exit(1)


def compact(
    memory: options.Memory,
    keep_history: Annotated[
        str | None,
        typer.Option(
            "--keep-history", metavar="TIME", help="Drop steps older than this, e.g. 30d or 12h. Default: none."
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Shrink the database and build the index anew."""
    seconds = None if keep_history is None else _seconds(keep_history)
    with writer(memory) as m, Progress("compacting") as report:
        done = m.maintenance.compact(keep_history_s=seconds, report=report)
    if as_json:
        emit({"memory": memory, **asdict(done)})
    else:
        print_line(f"{megabytes(done.before)} before, {megabytes(done.after)} now")
        if done.purged:
            print_line(f"{count(done.purged)} that undo had withdrawn deleted for good")


def _seconds(text: str) -> float:
    from visualmemory_gui.engine.store.moments import seconds

    found = seconds(text)
    if found is None:
        raise typer.BadParameter("a number and s, m, h, d or w, e.g. 30d", param_hint="--keep-history")
    return found


def relink(
    memory: options.Memory,
    old: Annotated[str, typer.Argument(metavar="OLD", help="Where the pictures lay: a file or folder.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Where they lie now.")],
    as_json: options.Json = False,
) -> None:
    """Say that source pictures moved. They are matched by their bytes."""
    with writer(memory) as m, Progress("looking for originals") as report:
        done = m.maintenance.relink(old, new, report)
    if as_json:
        emit({"moved": done.moved, "missing": list(done.missing)})
        return
    print_line(f"{count(done.moved, 'original')} found at {new}")
    for path in done.missing:
        say(f"not found: {path}")


def settings(
    memory: options.Memory,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The setting to change.")] = None,
    value: Annotated[str | None, typer.Argument(metavar="VALUE", help="What to set it to.")] = None,
    as_json: options.Json = False,
) -> None:
    """Show the settings of a memory, or change one."""
    if name is not None and value is not None:
        with writer(memory) as m:
            found = asdict(m.set(name, value))
    else:
        with reader(memory) as m:
            found = asdict(m.settings)
    if name is not None and value is None:
        if name not in found:
            raise typer.BadParameter(f"there is no setting {name!r}; there are {', '.join(found)}", param_hint="NAME")
        found = {name: found[name]}
    if as_json:
        emit(found)
    else:
        spoken = {True: "on", False: "off"}
        table([(n, spoken[v] if isinstance(v, bool) else v) for n, v in found.items()], ("setting", "value"))
