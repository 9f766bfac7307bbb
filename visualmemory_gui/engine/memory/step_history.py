"""The history of an open memory: its steps, undoing and reverting them, and what changed since."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral

from visualmemory_gui.engine import arguments
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.store import difference
from visualmemory_gui.engine.store.difference import Difference
from visualmemory_gui.engine.types import Changes, Step, StepState


class FolderHistory:
    """The history of one memory in a folder. Its edits update the arrays and notify the listeners like any other."""

    def __init__(self, live: OpenMemory) -> None:
        self._live = live
        self._stored = live.history

    def steps(self, limit: int | None = None) -> list[Step]:
        """The steps, newest first: running imports, then undone steps, then done steps; at most ``limit``."""
        return self._stored.steps(limit)

    def can_undo(self) -> Step | None:
        """The step that ``undo`` would undo."""
        return self._stored.can_undo()

    def can_redo(self) -> Step | None:
        """The step that ``redo`` would redo."""
        return self._stored.can_redo()

    def states(self, steps: Collection[int]) -> dict[int, StepState]:
        """The states of ``steps``; those that the history no longer holds are left out."""
        return self._stored.states(steps)

    def tags_ahead(self) -> tuple[str, ...]:
        """The tags of undone states: an edit now puts them on a branch, where ``go_back`` finds them."""
        return self._stored.tags_ahead()

    def branches(self) -> list[Step]:
        """The steps on branches, the latest first."""
        return self._stored.branches()

    def baseline(self) -> None:
        """Forget all steps and keep what they made: a memory just built has nothing to undo."""
        self._stored.baseline()

    def undo(self) -> Changes:
        """Undo the last step, even one of an earlier session; ``edit`` is None when there is none."""
        return self._live.apply(self._stored.undo)

    def redo(self) -> Changes:
        """Redo the step undone last."""
        return self._live.apply(self._stored.redo)

    def revert(self, step: int) -> Changes:
        """Revert one earlier step, as a new step; exemplars changed since are left, see ``Changes.left``."""
        number = arguments.whole(step, "a step")
        return self._live.apply(lambda: self._stored.revert(number))

    def go_back(self, step: int) -> Changes:
        """Undo or redo until ``step`` is the last one done, on a branch too; 0 undoes all. Raises BadValue."""
        number = arguments.whole(step, "a step")
        return self._live.apply(lambda: self._stored.go_back(number))

    def difference(self, since: int | str | float) -> Difference:
        """What differs now from the state after a step (int), at a tag (str), or at a time (float, seconds since the
        epoch). Raises BadValue where that cannot be determined."""
        if isinstance(since, str):
            tag = self._live.tags.get(since)
            if tag is None:
                raise BadValue(f"unknown tag {since!r}")
            return difference.since_tag(self._live.database, tag)
        if isinstance(since, Integral):
            return difference.since_step(self._live.database, arguments.whole(since, "a step"))
        return difference.since_time(self._live.database, arguments.fraction(since, "a time"))
