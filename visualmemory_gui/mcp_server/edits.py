"""The tools that edit: each is one step of the history, which undo takes back. Nothing here forgets."""

from __future__ import annotations

from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from visualmemory_gui.engine.types import Changes
from visualmemory_gui.mcp_server.answers import EditAnswer
from visualmemory_gui.mcp_server.questions import Box, Label, answer
from visualmemory_gui.mcp_server.served_memory import ServedMemory

MOST_IDS = 1000
"""Exemplars that one edit may change."""
Ids = Annotated[list[int], Field(min_length=1, max_length=MOST_IDS, description="Ids of exemplars.")]
Image = Annotated[str, Field(max_length=4096, description="The path of an image file.")]
Edited = Annotated[CallToolResult, EditAnswer]

UNDO = "the tool undo takes it back"
REDO = "the tool redo does it again"


class Edits:
    """The tools that edit the memory ``served``."""

    def __init__(self, served: ServedMemory) -> None:
        self._served = served

    def teach(self, image: Image, label: Label, box: Box = None) -> Edited:
        """Add an image, or a part of it, as an exemplar of a class, which may be new. The memory keeps a copy."""
        with self._served.use() as m:
            done = m.add_images([image], label, None if box is None else [box])
            note = f"it was already here as exemplar {done.ids[0]}" if not done.added else ""
            if done.conflicts:
                [(other, name)] = done.conflicts.values()
                note = f"the same image is also here as exemplar {other}, labelled {name}"
            step = m.history.can_undo() if done.added else None
            take_back = UNDO if done.added else "nothing changed"
            return answer(EditAnswer(None if step is None else step.name, list(done.ids), take_back, note))

    def strike(self, ids: Ids) -> Edited:
        """Take exemplars out of every vote. They stay in the memory, and restore brings them back."""
        with self._served.use() as m:
            return _done(m.strike(ids))

    def restore(self, ids: Ids) -> Edited:
        """Let struck exemplars vote again."""
        with self._served.use() as m:
            return _done(m.restore(ids))

    def relabel(self, ids: Ids, label: Label) -> Edited:
        """Give exemplars another label, which may be new; a path with / names a class below another."""
        with self._served.use() as m:
            return _done(m.relabel(ids, label))

    def undo(self) -> Edited:
        """Undo the latest step of the memory, whoever made it: look at history first."""
        with self._served.use() as m:
            return _done(m.undo(), verb="Undone", take_back=REDO)

    def redo(self) -> Edited:
        """Redo the step that was undone last."""
        with self._served.use() as m:
            return _done(m.redo(), verb="Redone")


def _done(changes: Changes, *, verb: str = "", take_back: str = UNDO) -> CallToolResult:
    if changes.edit is None:
        return answer(EditAnswer(None, [], "nothing changed"))
    edit = f"{verb}: {changes.edit}" if verb else changes.edit
    return answer(EditAnswer(edit, list(changes.ids), take_back))
