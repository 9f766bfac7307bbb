"""Operations on earlier steps: revert one, go to its state, name a state, see what changed since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from visualmemory_gui.app.operations.edit import Edit, Note, last_step, revert_of, stays, step_note, tagged
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.types import Changes, Step

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.store.difference import Difference
    from visualmemory_gui.engine.store.tags import Tag


def undo(session: Session) -> None:
    """Undo the last step; say before the next edit what that would put on a branch."""

    def work(memory: Memory) -> tuple[Changes, tuple[str, ...]]:
        return memory.undo(), memory.history.tags_ahead()

    def said(done: tuple[Changes, tuple[str, ...]]) -> Note:
        changes, ahead = done
        note = step_note("Undone", "Nothing to undo.", changes)
        return Note(f"{note.text} {_ahead(ahead)}") if ahead and changes.edit else note

    Edit("Undoing", work, said).run(session)


def redo(session: Session) -> None:
    Edit("Redoing", lambda m: m.redo(), partial(step_note, "Redone", "Nothing to redo.")).run(session)


def revert(session: Session, step: Step) -> None:
    """Revert ``step`` alone; later steps stay."""
    revert_of(step.number, step.past).run(session)


def go_back(session: Session, number: int, name: str) -> None:
    """Undo or redo until step ``number``, called ``name``, is the last one done, on a branch too; 0: none."""
    go_back_edit(number, name).run(session)


def tag(session: Session, name: str, then: Callable[[], object]) -> None:
    """Name the present state."""

    def said(tag: Tag) -> Note:
        then()
        return Note(f"The memory as it is now is tagged “{tag.name}”.")

    Edit("Tagging", lambda m: m.tags.put(name), said).run(session)


def drop_tags(session: Session, step: int, then: Callable[[], object]) -> None:
    """Remove the tags of the state after ``step``."""

    def work(memory: Memory) -> None:
        for each in memory.tags.all():
            if (each.step or 0) == step:
                memory.tags.drop(each.name)

    def gone(_: object) -> None:
        then()

    Edit("Removing the tag", work, gone).run(session)


def compare(session: Session, step: Step, then: Callable[[str, list[int]], object]) -> None:
    """Report what has changed since the state after ``step``, in words, and the affected exemplars that still exist."""

    def told(found: Difference) -> None:
        gone = set(found.removed)
        then(in_words(found), [i for i in found.ids if i not in gone])

    Edit("Comparing", lambda m: m.history.difference(step.number), told, only_reads=True).run(session)


def in_words(found: Difference) -> str:
    """ "12 added, 3 struck, 1 relabelled"; "nothing" if nothing differs."""
    parts = (
        (len(found.added), "added"),
        (len(found.removed), "taken out"),
        (len(found.struck), "struck"),
        (len(found.restored), "restored"),
        (len(found.relabelled), "relabelled"),
        (len(found.reweighed), "with another trust"),
    )
    return ", ".join(f"{count:,} {what}" for count, what in parts if count) or "nothing"


def _ahead(names: Sequence[str]) -> str:
    """What becomes of tagged states that were undone."""
    return f"Redo leads to {tagged(names)}, which {stays(names)} on a branch if you edit now."


def go_back_edit(number: int, name: str) -> Edit[tuple[Changes, int]]:
    """An edit that goes to the state after step ``number``; its undo returns to where the memory was."""

    def work(memory: Memory) -> tuple[Changes, int]:
        present = last_step(memory) or 0
        return memory.history.go_back(number), present

    def said(done: tuple[Changes, int]) -> Note:
        changes, present = done
        if changes.edit is None:
            return Note("The memory is already in that state.")
        undo = go_back_edit(present, "where the memory was")
        return Note(f"The memory is as it was after: {name}." if number else f"{name}.", undo)

    return Edit("Going back", work, said)
