"""The command mcp: serves a memory to an agent."""

from __future__ import annotations

from typing import Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.engine.errors import BadValue

MISSING = "serving a memory needs the package mcp: pip install 'visualmemory_gui[mcp]'"


def mcp(
    memory: options.Memory,
    edit: Annotated[
        bool, typer.Option("--edit", help="Also offer edits, each of which can be undone; locks the memory.")
    ] = False,
    device: options.OnDevice = None,
) -> None:
    """Serve a memory to an agent.

    It speaks the Model Context Protocol over stdin and stdout. Without --edit it only reads, also while a window has
    the memory open, and follows what is edited there.
    """
    try:
        from visualmemory_gui.mcp_server.server import serve
    except ImportError as error:
        if (error.name or "").split(".")[0] in {"mcp", "pydantic"}:
            raise BadValue(MISSING) from None
        raise
    serve(memory, edit=edit, device=device)
