"""Commands that open the window: gui, demo."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.output import Progress, emit, print_line, say
from visualmemory_gui.engine.errors import VisualMemoryError


def gui(
    memory: Annotated[
        str | None, typer.Argument(metavar="MEMORY", help="The memory, or bundle NAME.vmemz, to open.")
    ] = None,
) -> None:
    """Open the window."""
    _show(memory)


def demo(
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="DIR", help="Where to make it. Default: the user's data folder."),
    ] = None,
    no_gui: Annotated[bool, typer.Option("--no-gui", help="Only make it.")] = False,
    screenshot: Annotated[
        str | None, typer.Option("--screenshot", metavar="PNG", help="Save a picture of the window and end.")
    ] = None,
    mistakes: Annotated[bool, typer.Option("--mistakes", help="Plant 30 wrong labels, for the tour.")] = False,
    as_json: options.Json = False,
) -> None:
    """Open the demo memory. It is made from real pictures if it is not there."""
    if not (no_gui or screenshot):
        _require_display("; --no-gui only makes the demo memory, --screenshot PNG saves a picture of the window")
    from visualmemory_gui.engine.exchange.demo import make_demo

    with Progress("making the demo") as report:
        made = make_demo(to, mistakes=mistakes, report=report)
    if as_json:
        emit({"memory": str(made)})
    else:
        print_line(str(made))
    if screenshot:
        _take(made, screenshot)
    elif not no_gui:
        _show(str(made))


def _has_display() -> bool:
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in named)


def _require_display(instead: str = "") -> None:
    """Before anything is done that takes its time; ``instead`` says what can be done without one."""
    if not _has_display():
        raise VisualMemoryError(
            f"there is no display here to open a window on (DISPLAY and WAYLAND_DISPLAY are not set){instead}"
        )


def _show(memory: str | None) -> None:
    _require_display()
    from visualmemory_gui.app import application

    raise typer.Exit(application.main(["visualmemory-gui", *([memory] if memory else [])]))


def _take(memory: Path, png: str) -> None:
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from visualmemory_gui.app import screenshot

    screenshot.take(memory, png)
    say(f"the window is in {png}")
