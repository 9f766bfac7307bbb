"""The history of a shared memory on this machine: the edits that were made from here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal

from visualmemory_gui.engine import arguments
from visualmemory_gui.engine.errors import BadValue, ReadOnlyMemory
from visualmemory_gui.engine.shared_memory import step_outline
from visualmemory_gui.engine.shared_memory.journal import Journal, OwnStep
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits
from visualmemory_gui.engine.shared_memory.shared_editor import SharedEditor
from visualmemory_gui.engine.store.difference import Difference
from visualmemory_gui.engine.store.step_names import SAMPLE
from visualmemory_gui.engine.store.tags import Tag
from visualmemory_gui.engine.types import Changes, Step, StepState


class SharedHistory:
    """Steps as the journal has them. There are no branches: a step that was undone goes with a new edit."""

    def __init__(
        self, journal: Journal | None, own: OwnEdits, editor: SharedEditor | None, told: Callable[[Changes], Changes]
    ) -> None:
        self._journal = journal
        self._own = own
        self._editor = editor
        self._told = told

    def steps(self, limit: int | None = None) -> list[Step]:
        """Undone steps first, then those done, the latest first; at most ``limit``."""
        return [] if self._journal is None else [self._step(one) for one in self._journal.steps()[:limit]]

    def can_undo(self) -> Step | None:
        """The step that ``undo`` would undo."""
        return self._top("done")

    def can_redo(self) -> Step | None:
        """The step that ``redo`` would redo."""
        return self._top("undone")

    def states(self, steps: Collection[int]) -> dict[int, StepState]:
        """The states of ``steps``; those that the history does not hold are left out."""
        found = [] if self._journal is None else self._journal.steps()
        return {one.number: _state(one) for one in found if one.number in set(steps)}

    def tags_ahead(self) -> tuple[str, ...]:
        """The tags of undone states, which the next edit makes unreachable."""
        if self._journal is None:
            return ()
        undone = {one.number for one in self._journal.steps() if one.state == "undone"}
        return tuple(tag.name for tag in self._journal.tags() if tag.step in undone)

    def branches(self) -> list[Step]:
        """None: a branch leads to a tag."""
        return []

    def undo(self) -> Changes:
        """Undo the last step made from this machine; ``edit`` is None when there is none, ``left`` what moved on."""
        return self._told(self._require_editor().undo())

    def redo(self) -> Changes:
        """Redo the step undone last."""
        return self._told(self._require_editor().redo())

    def revert(self, step: int) -> Changes:
        """Revert one earlier step, as a new step; exemplars changed since are left, see ``Changes.left``."""
        return self._told(self._require_editor().revert(arguments.whole(step, "a step")))

    def go_back(self, step: int) -> Changes:
        """Undo or redo, step by step, until ``step`` is the last one done; 0 undoes all. Raises BadValue."""
        number = arguments.whole(step, "a step")
        there = {one.number: one.state for one in self._journal.steps()} if self._journal is not None else {}
        if number != 0 and number not in there:
            raise BadValue(f"there is no step {number} in the history of this machine")
        walk = self.redo if there.get(number) == "undone" else self.undo
        walked: list[Changes] = []
        while (top := self._top("done")) is None or top.number != number:
            if top is None and number == 0:
                break
            walked.append(walk())
            if walked[-1].edit is None:
                break
        return _together(walked, change=self._own.change)

    def difference(self, since: int | str | float) -> Difference:
        """Not served: others edit too, and this machine does not know what they did."""
        raise BadValue("a shared memory is edited by others too, so that what differs since then is not known here")

    def _require_editor(self) -> SharedEditor:
        if self._editor is None:
            raise ReadOnlyMemory("the shared memory was opened for reading; open it for editing to change it")
        return self._editor

    def _top(self, state: Literal["done", "undone"]) -> Step | None:
        found = None if self._journal is None else self._journal.top(state)
        return None if found is None else self._step(found)

    def _step(self, one: OwnStep) -> Step:
        assert self._journal is not None
        records = self._journal.records(one.number)
        name = step_outline.name_of(records, one.kind, self._own.labels(), one.label)
        ids = sorted({record.exemplar for record in records})
        sample = tuple(ids[:SAMPLE])
        return Step(one.number, name.edit, one.kind, one.time, _state(one), len(ids), name.past, name.label, sample)


class SharedTags:
    """Names for states of a shared memory, as this machine made them; as ``Tags`` in a folder, without branches."""

    def __init__(self, journal: Journal | None, *, readonly: bool) -> None:
        self._journal = journal
        self._readonly = readonly

    def put(self, name: str, *, move: bool = False) -> Tag:
        """Name the present state. Raises BadValue, ReadOnlyMemory."""
        return self._writable().put_tag(name, move=move)

    def all(self) -> list[Tag]:
        """All tags, the oldest first."""
        return [] if self._journal is None else self._journal.tags()

    def get(self, name: str) -> Tag | None:
        """The tag of that name."""
        return None if self._journal is None else self._journal.tag(name)

    def drop(self, name: str) -> None:
        """Remove a tag. Raises ReadOnlyMemory."""
        self._writable().drop_tag(name)

    def _writable(self) -> Journal:
        if self._readonly or self._journal is None:
            raise ReadOnlyMemory("the shared memory was opened for reading; open it for editing to change it")
        return self._journal


def _state(one: OwnStep) -> StepState:
    return "undone" if one.state == "undone" else "done"


def _together(walked: Sequence[Changes], *, change: int) -> Changes:
    """What several undos or redos did, with the exemplars that were left."""

    def all_of(part: Callable[[Changes], tuple[int, ...]]) -> tuple[int, ...]:
        return tuple(sorted({one for changes in walked for one in part(changes)}))

    return Changes(
        edit=None,
        change=change,
        added=all_of(lambda c: c.added),
        removed=all_of(lambda c: c.removed),
        struck=all_of(lambda c: c.struck),
        restored=all_of(lambda c: c.restored),
        relabelled=all_of(lambda c: c.relabelled),
        reweighed=all_of(lambda c: c.reweighed),
        left=all_of(lambda c: c.left),
    )
