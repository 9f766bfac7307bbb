"""The command gui: opens the window."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from visualmemory_gui.engine.errors import VisualMemoryError


def gui(
    memory: Annotated[
        str | None, typer.Argument(metavar="MEMORY", help="The memory, or bundle NAME.vmemz, to open.")
    ] = None,
) -> None:
    """Open the window."""
    show_window(memory)


def _has_display() -> bool:
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in named)


def require_display(instead: str = "") -> None:
    """Check for a display before any slow work; ``instead`` says what can be done without one."""
    if not _has_display():
        raise VisualMemoryError(f"no display to open a window on (DISPLAY and WAYLAND_DISPLAY are not set){instead}")


def show_window(memory: str | None) -> None:
    require_display()
    from visualmemory_gui.app import application

    raise typer.Exit(application.main(["visualmemory-gui", *([memory] if memory else [])]))
