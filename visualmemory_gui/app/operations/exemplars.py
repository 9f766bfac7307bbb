"""Edits of exemplars in the memory and of their classes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.models.note_log import NOT_LAST
from visualmemory_gui.app.operations.edit import Edit, Note, step, undo_of, undone
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Changes, Neighbour

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory


def strike(session: Session, ids: Sequence[int], *, here: bool = False) -> None:
    """Take exemplars out of every vote, reversibly. ``here``: the note offers to leave them out of this query only."""

    def actions(number: int | None) -> tuple[NoteAction, ...]:
        return (NoteAction("Only for this query", partial(leave_out, session, number, ids), number),) if here else ()

    if ids:
        text = f"Struck {how_many(len(ids))} from the memory."
        step("Striking out", lambda m: m.strike(ids), text, actions).run(session)


def leave_out(session: Session, number: int | None, ids: Sequence[int]) -> None:
    """Undo the strike that is step ``number`` and decide this query without ``ids``, until the next query."""
    rows = session.decision.shown(ids)

    def said(changes: Changes | None) -> Note | None:
        if changes is None:
            return Note(NOT_LAST)
        leave_out_here(session, ids, rows)
        return None

    moved_on = not rows  # another query has been asked in the meantime
    edit = undo_of(number) if moved_on else Edit("Undoing", partial(undone, number), said)
    edit.run(session)


def leave_out_here(session: Session, ids: Sequence[int], rows: Sequence[Neighbour] = ()) -> None:
    """Decide this query without ``ids``, until the next query; the memory stays as it is. ``rows``: their cards."""
    rows = rows or session.decision.shown(ids)
    session.decision.leave_out(rows)
    gone = [row.id for row in rows]
    back = NoteAction("Undo", partial(session.decision.take_back, gone), refusal=partial(_no_longer_out, session, gone))
    session.post_note(f"Left {how_many(len(rows))} out of this query only.", back)
    session.note_finished.emit()  # the undo of a strike need not report other decisions: they are as before it


def _no_longer_out(session: Session, ids: Sequence[int]) -> str:
    return "" if session.decision.left_out_ids & set(ids) else "They are no longer left out of the query shown."


def restore(session: Session, ids: Sequence[int]) -> None:
    if ids:
        step("Restoring", lambda m: m.restore(ids), f"Restored {how_many(len(ids))}.").run(session)


def relabel(session: Session, ids: Sequence[int], label: str) -> None:
    step("Relabelling", lambda m: m.relabel(ids, label), f"Relabelled {how_many(len(ids))} to {label}.").run(session)


def reweigh(session: Session, ids: Sequence[int], trust: float) -> None:
    text = f"Set the trust of {how_many(len(ids))} to {trust:g}."
    step("Setting trust", lambda m: m.reweigh(ids, trust), text).run(session)


def trust_of(session: Session, ids: Sequence[int]) -> float:
    """The trust that all of ``ids`` have; 1 if they differ or are gone."""
    if session.memory is None:
        return 1.0
    rows = session.memory.listing
    found = {float(trust) for trust in rows.trust[np.isin(rows.ids, ids)]}
    return found.pop() if len(found) == 1 else 1.0


def rename_label(session: Session, old: str, new: str) -> None:
    """Rename a class with everything below it; an existing name merges the two classes."""
    step("Renaming", lambda m: m.rename_label(old, new), f"Renamed {old} to {new}.").run(session)


def give_key(session: Session, label: str, digit: int | None) -> None:
    """Give a class ``digit`` as its key; None takes the key away. Not a step of the history."""

    def work(memory: Memory) -> None:
        memory.keys.take(label) if digit is None else memory.keys.give(digit, label)

    Edit("Saving the key", work, lambda _: session.class_keys.refresh()).run(session)
