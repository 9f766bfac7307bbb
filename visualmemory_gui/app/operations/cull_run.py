"""Operations of a run through the queue: each lesson is a step of its own, and all of them can be undone together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from visualmemory_gui.app.models.cull_run import CullModel
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.operations.edit import UNCHANGED, Edit, Note, last_step, step_note, undo_of
from visualmemory_gui.app.operations.history import go_back_edit
from visualmemory_gui.app.operations.queue import label_in_words
from visualmemory_gui.app.operations.teach import taught_note
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

NOT_OF_RUN = "The last edit was not made in this run; Ctrl+Z undoes it."
OTHERS = "Other edits were made since; see the history."


def teach(session: Session, run: CullModel, label: str) -> None:
    """Teach the image shown as ``label``; if it was taught before, relabel its exemplars."""
    image, own = run.current, run.own
    if image is None or session.readonly or not run.wait_for_lesson():
        return

    def work(memory: Memory) -> Note:
        if own:
            changes = memory.relabel(own, label)
            return Note(f"Relabelled {how_many(len(own))} to {label}." if changes.edit else UNCHANGED)
        return taught_note(label, (memory.queue.teach_each([(image, label)]), None))

    _teach(session, run, work)


def teach_certain(session: Session, run: CullModel, wanted: Sequence[tuple[int, str]]) -> None:
    """Teach several images of the queue, each as its label, in one step."""
    if not wanted or session.readonly:
        return

    def work(memory: Memory) -> Note:
        return taught_note(label_in_words(wanted), (memory.queue.teach_each(wanted), None))

    _teach(session, run, work, [image for image, _ in wanted])


def _teach(session: Session, run: CullModel, work: Callable[[Memory], Note], others: Sequence[int] = ()) -> None:
    """Run a lesson, whose note is what ``work`` returns, as a step of the run; ``others`` as in ``on_taught``."""

    def stepped(memory: Memory) -> tuple[Note, int, int]:
        before = last_step(memory) or 0
        return work(memory), last_step(memory) or 0, before

    def said(done: tuple[Note, int, int]) -> Note:
        note, step, before = done
        made = step if step != before else None
        run.on_taught(made, before, others)
        return Note(note.text, undo_of(made) if made is not None else None)

    def failed(error: BaseException) -> None:
        run.on_failed()
        session.raise_error(error)

    Edit("Teaching", stepped, said, failed).run(session)


def undo_last(session: Session, run: CullModel) -> None:
    """Undo the last edit if it is a lesson of this run; its image is shown again."""
    steps = frozenset(run.steps)

    def work(memory: Memory) -> Changes | None:
        return memory.undo() if last_step(memory) in steps else None

    Edit("Undoing", work, partial(step_note, "Undone", NOT_OF_RUN)).run(session)


def undo_all(session: Session, steps: Sequence[int], before: int) -> None:
    """Undo all lessons of a run, whose ``steps`` follow step ``before``, in one act that can itself be undone.

    If other edits were made since, nothing is undone.
    """

    def work(memory: Memory) -> tuple[int, int]:
        present, states = last_step(memory) or 0, memory.history.states(range(before + 1, max(steps, default=0) + 1))
        done = {step for step, state in states.items() if state == "done"}
        if present not in steps or not done <= set(steps):
            return 0, present
        memory.history.go_back(before)
        return len(done), present

    def said(undone: tuple[int, int]) -> Note:
        count, present = undone
        if not count:
            return Note(OTHERS)
        return Note(f"Undone: {how_many(count, 'lesson')}.", go_back_edit(present, "where the memory was"))

    Edit("Undoing", work, said).run(session)


def post_summary(session: Session, run: CullModel) -> None:
    """Say what a run did, and offer to undo all of it."""
    counts, steps = run.counts(), list(run.steps)
    if counts.taught:
        text = f"{how_many(counts.taught, 'image')} of the queue taught one by one."
        undo = NoteAction(f"Undo all {counts.taught:,}", partial(undo_all, session, steps, run.before))
        session.post_note(text, also=(undo,))
