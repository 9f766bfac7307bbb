"""The command settings: shows and changes the settings of a memory."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import any_reader, any_writer
from visualmemory_gui.cli.output import Progress, emit, print_line, say, table
from visualmemory_gui.engine.memory.protocol import whole


def settings(
    memory: options.AnyMemory,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The setting to change.")] = None,
    value: Annotated[str | None, typer.Argument(metavar="VALUE", help="The new value.")] = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Measure what the settings of new memories that were never set here would do to its accuracy.",
        ),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Show the settings of a memory, or change one."""
    from visualmemory_gui.engine.store.settings import SWITCH

    if compare:
        if name is not None:
            raise typer.BadParameter("--compare takes no NAME")
        _compare(memory, as_json=as_json)
        return
    if name is not None and value is not None:
        with any_writer(memory) as m:
            found, unset = asdict(m.set(name, value)), m.maintenance.unset_settings
    else:
        with any_reader(memory) as m:
            found, unset = asdict(m.settings), m.maintenance.unset_settings
    if name is not None and value is None:
        if name not in found:
            raise typer.BadParameter(
                f"unknown setting {name!r}; the settings are {', '.join(found)}", param_hint="NAME"
            )
        found = {name: found[name]}
    if as_json:
        emit(found)
    else:
        said = {n: SWITCH[value] if isinstance(value, bool) else value for n, value in found.items()}
        table(list(said.items()), ("setting", "value"))
        for unset_name, new in unset.items():
            say(f"{unset_name} was never set here; new memories have {new}")
        if unset:
            say(f"What that would do to its accuracy: visualmemory settings {memory} --compare")


def _compare(memory: str, *, as_json: bool) -> None:
    from visualmemory_gui.engine.evaluation.new_settings import measure

    with any_reader(memory) as m, Progress("comparing") as report:
        found = measure(whole(m), report=report) if m.maintenance.unset_settings else None
    if as_json:
        emit(None if found is None else found.to_json())
    elif found is None:
        print_line("There is nothing to compare: each of them was set here, or no neighbour could be wrong.")
    else:
        print_line(found.words)
        for name, value in found.settings.items():
            say(f"To use it: visualmemory settings {memory} {name} {value}")
