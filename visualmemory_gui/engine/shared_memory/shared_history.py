"""The history of a shared memory on this machine: the edits that were made from here."""

from __future__ import annotations

from typing import Literal

from visualmemory_gui.engine import arguments
from visualmemory_gui.engine.errors import ReadOnlyMemory
from visualmemory_gui.engine.shared_memory import step_outline
from visualmemory_gui.engine.shared_memory.journal import Journal, OwnStep
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits
from visualmemory_gui.engine.shared_memory.shared_editor import SharedEditor
from visualmemory_gui.engine.store.step_names import SAMPLE
from visualmemory_gui.engine.types import Changes, Step, StepState


class SharedHistory:
    """Steps as the journal has them. There are no tags and no branches: a step that was undone goes with a new edit."""

    def __init__(self, journal: Journal | None, own: OwnEdits, editor: SharedEditor | None) -> None:
        self._journal = journal
        self._own = own
        self._editor = editor

    def steps(self, limit: int | None = None) -> list[Step]:
        """Undone steps first, then those done, the latest first; at most ``limit``."""
        return [] if self._journal is None else [self._step(one) for one in self._journal.steps()[:limit]]

    def can_undo(self) -> Step | None:
        """The step that ``undo`` would undo."""
        return self._top("done")

    def can_redo(self) -> Step | None:
        """The step that ``redo`` would redo."""
        return self._top("undone")

    def tags_ahead(self) -> tuple[str, ...]:
        """None: a shared memory has no tags."""
        return ()

    def branches(self) -> list[Step]:
        """None: a branch leads to a tag."""
        return []

    def revert(self, step: int) -> Changes:
        """Revert one earlier step, as a new step; exemplars changed since are left, see ``Changes.left``."""
        if self._editor is None:
            raise ReadOnlyMemory("the shared memory was opened for reading; open it for editing to change it")
        return self._editor.revert(arguments.whole(step, "a step"))

    def _top(self, state: Literal["done", "undone"]) -> Step | None:
        found = None if self._journal is None else self._journal.top(state)
        return None if found is None else self._step(found)

    def _step(self, one: OwnStep) -> Step:
        assert self._journal is not None
        records = self._journal.records(one.number)
        name = step_outline.name_of(records, one.kind, self._own.labels())
        ids = sorted({record.exemplar for record in records})
        state: StepState = "undone" if one.state == "undone" else "done"
        sample = tuple(ids[:SAMPLE])
        return Step(one.number, name.edit, one.kind, one.time, state, len(ids), name.past, name.label, sample)
