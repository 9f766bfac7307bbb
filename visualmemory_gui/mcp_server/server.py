"""The server: one memory, its tools, over the standard input and output of this process."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations

from visualmemory_gui import __version__
from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.text.visible_text import as_sentence, visible
from visualmemory_gui.engine.types import Device
from visualmemory_gui.mcp_server.edits import Edits
from visualmemory_gui.mcp_server.questions import Questions
from visualmemory_gui.mcp_server.served_memory import ServedMemory

Tool = Callable[..., CallToolResult]
QUESTIONS = ("memory", "classify", "find_similar", "show", "find_wrong_labels", "explain", "evaluate", "history")
EDITS = ("teach", "strike", "restore", "relabel", "undo", "redo")
READ_ONLY = "this memory is served for reading only: start `visualmemory mcp MEMORY --edit` to edit it"
_ABOUT = (
    "An image classifier whose knowledge is a memory of exemplars: labelled images that vote on what a query shows. "
    "Begin with the tool memory. A share is a part of the vote, not a probability. "
)
_EDITING = "Every edit is one step that the tool undo takes back; forgetting is not possible here."


class MemoryServer(MCPServer[Any]):
    """A server of one memory. Without ``served.editable`` it has no tools that edit."""

    def __init__(self, served: ServedMemory) -> None:
        instructions = _ABOUT + (_EDITING if served.editable else as_sentence(READ_ONLY))
        super().__init__(
            "visualmemory", title="Visual memory", instructions=instructions, version=__version__, log_level="WARNING"
        )
        questions, edits = Questions(served), Edits(served)
        for name in QUESTIONS:
            self._offer(getattr(questions, name), ToolAnnotations(read_only_hint=True, open_world_hint=False))
        for name in EDITS if served.editable else ():
            hints = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
            self._offer(getattr(edits, name), hints)

    def _offer(self, tool: Tool, hints: ToolAnnotations) -> None:
        description = " ".join((tool.__doc__ or "").split())
        self.add_tool(_with_plain_errors(tool), description=description, annotations=hints)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        tools = {tool.name: tool for tool in await self.list_tools()}
        if name in EDITS and name not in tools:
            raise ToolError(READ_ONLY)
        if name in tools:
            _require_known(arguments, tools[name].input_schema)
        return await super().call_tool(name, arguments, context)


def serve(path: str, *, edit: bool, device: Device | None = None) -> None:
    """Serve the memory at ``path`` over stdin and stdout until the client closes them. Raises as ``ServedMemory``."""
    served = ServedMemory(path, edit=edit, device=device)
    try:
        MemoryServer(served).run("stdio")
    finally:
        served.close()


def _require_known(arguments: dict[str, Any], schema: dict[str, Any]) -> None:
    """Raise ToolError for an argument that the tool does not have; the SDK would leave it out in silence."""
    known = schema.get("properties", {})
    if unknown := [name for name in arguments if name not in known]:
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        raise ToolError(f"the tool has no argument {visible(unknown[0])[:80]}; {takes}")


def _with_plain_errors(tool: Tool) -> Tool:
    """What is wrong is told to the client in the words that the user would read."""

    @functools.wraps(tool)
    def told(*arguments: Any, **named: Any) -> CallToolResult:
        try:
            return tool(*arguments, **named)
        except (VisualMemoryError, OSError) as error:
            raise ToolError(str(error)) from error

    return told
