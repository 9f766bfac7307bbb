"""The command gui: opens the window."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from visualmemory_gui.app.runtime.start_request import StartRequest, Workspace
from visualmemory_gui.engine.errors import VisualMemoryError


def gui(
    memory: Annotated[
        str | None, typer.Argument(metavar="MEMORY", help="The memory, or bundle NAME.vmemz, to open.")
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", metavar="IMAGE", help="Decide this image in MEMORY at once.")
    ] = None,
    workspace: Annotated[
        Workspace | None, typer.Option("--workspace", help="Show this workspace of MEMORY first.")
    ] = None,
) -> None:
    """Open the window. If a window has MEMORY open already, that one comes to the front."""
    if query is not None or workspace is not None:
        _require_memory(memory, "--query" if query is not None else "--workspace")
    if query is not None:
        from visualmemory_gui.engine.images import files

        files.open_regular(query).close()  # what cannot be an image is refused before a window opens
    show_window(memory, query=query, workspace=workspace)


def _require_memory(memory: str | None, option: str) -> None:
    if memory is None:
        raise typer.BadParameter("name the memory too: gui MEMORY", param_hint=option)
    if memory.lower().endswith(".vmemz"):
        raise typer.BadParameter("a bundle is not a memory yet: open it first", param_hint=option)


def _has_display() -> bool:
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in named)


def require_display(instead: str = "") -> None:
    """Check for a display before any slow work; ``instead`` says what can be done without one."""
    if not _has_display():
        raise VisualMemoryError(f"no display to open a window on (DISPLAY and WAYLAND_DISPLAY are not set){instead}")


def show_window(memory: str | None, *, query: str | None = None, workspace: Workspace | None = None) -> None:
    require_display()
    from visualmemory_gui.app import application

    request = StartRequest(memory or "", query or "", workspace or "")
    raise typer.Exit(application.main(["visualmemory-gui", *request.arguments()]))
