"""The command doctor: says what is missing, broken or slow in this installation, and what mends it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui import __version__
from visualmemory_gui.cli import options
from visualmemory_gui.cli.output import emit, print_line

if TYPE_CHECKING:
    from visualmemory_gui.engine.diagnosis.diagnosis import Finding

WINDOW = "visualmemory_gui.app.runtime.qt_probe:qt"


def doctor(
    speed: Annotated[
        bool, typer.Option("--speed", help="Also import every package and measure the encoder; takes longer.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Say what is missing or broken here, and how to fix it.

    Also what is slow. Ends with exit code 1 where the product does not work because of it.
    """
    from visualmemory_gui.engine.diagnosis.checkup import check_up

    found = check_up(window=WINDOW, speed=speed)
    if as_json:
        fine = not any(one.fatal for one in found)
        emit({"version": __version__, "works": fine, "findings": [asdict(one) for one in found]})
    else:
        _print(found)
    if any(one.fatal for one in found):
        raise typer.Exit(1)


def _print(found: list[Finding]) -> None:
    print_line(f"visualmemory {__version__}")
    name = max(len(one.name) for one in found)
    for one in found:
        print_line(f"{one.state:<8}{one.name:<{name}}  {one.detail}")
        if one.mend:
            print_line(f"{'':<{8 + name}}  -> {one.mend}")
    fatal = [one.name for one in found if one.fatal]
    print_line()
    print_line(f"does not work without: {', '.join(fatal)}" if fatal else "everything that is needed is here")
