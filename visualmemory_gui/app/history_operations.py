"""What can be done with earlier steps: take one back, go to its state, name a state, see what changed since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from visualmemory_gui.app.operations import exemplars, last_step, may_write, undo_step
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.types import Changes, Step

if TYPE_CHECKING:
    from visualmemory_gui.engine.store.difference import Difference


def revert(session: Session, step: Step) -> None:
    """Take back ``step`` alone; later steps stay."""

    def said(changes: Changes) -> None:
        stays = f" {_stay(len(changes.left))}" if changes.left else ""
        if changes.edit is None:
            session.post_note(f"Nothing of “{step.name}” could be taken back.{stays}")
        else:
            session.post_note(f"Reverted: {step.name}.{stays}", partial(undo_step, session, changes.step))

    if may_write(session):
        session.edit("Reverting", lambda m: m.revert(step.number), said)


def go_back(session: Session, number: int, name: str) -> None:
    """Undo or redo until step ``number``, called ``name``, is the last one done; 0 is before all."""

    def work(memory: Any) -> tuple[Changes, int]:
        present = last_step(memory) or 0
        return memory.go_back(number), present

    def said(done: tuple[Changes, int]) -> None:
        changes, present = done
        if changes.edit is None:
            session.post_note("The memory is in that state already.")
        else:
            undo = partial(go_back, session, present, "where the memory was")
            session.post_note(f"The memory is as it was after: {name}." if number else f"{name}.", undo)

    if may_write(session):
        session.edit("Going back", work, said)


def tag(session: Session, name: str, then: Callable[[], object]) -> None:
    """Name the present state."""
    if may_write(session):
        session.edit("Tagging", lambda m: m.tags.put(name), lambda t: _tagged(session, t.name, then))


def drop_tags(session: Session, step: int, then: Callable[[], object]) -> None:
    """Take the names of the state after ``step`` away."""

    def work(memory: Any) -> None:
        for each in memory.tags.all():
            if (each.step or 0) == step:
                memory.tags.drop(each.name)

    if may_write(session):
        session.edit("Removing the tag", work, lambda _: then())


def compare(session: Session, step: Step, then: Callable[[str, list[int]], object]) -> None:
    """What is different now from the state after ``step``, in words, and the exemplars of it that are still here."""

    def told(found: Difference) -> None:
        gone = set(found.removed)
        then(in_words(found), [i for i in found.ids if i not in gone])

    session.edit("Comparing", lambda m: m.difference(step.number), told)


def in_words(found: Difference) -> str:
    """ "12 added, 3 struck, 1 relabelled"; "nothing" where all is the same."""
    parts = (
        (len(found.added), "added"),
        (len(found.removed), "taken out"),
        (len(found.struck), "struck"),
        (len(found.restored), "restored"),
        (len(found.relabelled), "relabelled"),
        (len(found.reweighed), "with another trust"),
    )
    return ", ".join(f"{count:,} {what}" for count, what in parts if count) or "nothing"


def tagged(names: Sequence[str]) -> str:
    """ "the state tagged “before”"; "the states tagged “one” and “two”"."""
    shown = " and ".join(f"“{name}”" for name in names)
    return f"the state{'' if len(names) == 1 else 's'} tagged {shown}"


def _tagged(session: Session, name: str, then: Callable[[], object]) -> None:
    then()
    session.post_note(f"The memory as it is now is tagged “{name}”.")


def _stay(count: int) -> str:
    if count == 1:
        return "1 exemplar changed since stays as it is."
    return f"{exemplars(count)} changed since stay as they are."
