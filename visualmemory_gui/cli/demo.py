"""The command demo: makes the demo memory and opens it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.gui import require_display, show_window
from visualmemory_gui.cli.output import Progress, emit, print_line, say


def demo(
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="DIR", help="Where to make the memory. Default: the user's data folder."),
    ] = None,
    no_gui: Annotated[bool, typer.Option("--no-gui", help="Make the memory without opening it.")] = False,
    screenshot: Annotated[
        str | None, typer.Option("--screenshot", metavar="PNG", help="Save an image of the window and quit.")
    ] = None,
    mistakes: Annotated[bool, typer.Option("--mistakes", help="Plant 30 wrong labels for the tour.")] = False,
    as_json: options.Json = False,
) -> None:
    """Open the demo memory. If it does not exist, it is made from real images."""
    if not (no_gui or screenshot):
        require_display("; --no-gui only makes the demo memory, --screenshot PNG saves an image of the window")
    from visualmemory_gui.engine.exchange.demo.demo import make_demo

    with Progress("making the demo") as report:
        made = make_demo(to, mistakes=mistakes, report=report)
    if as_json:
        emit({"memory": str(made)})
    else:
        print_line(str(made))
    if screenshot:
        _take(made, screenshot)
    elif not no_gui:
        show_window(str(made))


def _take(memory: Path, png: str) -> None:
    from visualmemory_gui.app import screenshot

    screenshot.take(memory, png)
    say(f"the window was saved to {png}")
