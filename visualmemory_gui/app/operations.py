"""Every edit that the window can make, one function each.

They return at once; the note comes when the edit is on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visualmemory_gui.app import skipped
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import Changes, Neighbour, Picture

if TYPE_CHECKING:
    from visualmemory_gui.engine.reading import ImageLike


def strike(session: Session, ids: Sequence[int], *, here: bool = False) -> None:
    """Take exemplars out of every vote, reversibly. ``here``: the note offers to leave them out of this query only."""

    def also(step: int | None) -> tuple[NoteAction, ...]:
        return (NoteAction("Only for this query", partial(leave_out, session, step, ids)),) if here else ()

    _edit(session, "Striking out", lambda m: m.strike(ids), f"Struck {exemplars(len(ids))} from the memory.", also)


def leave_out(session: Session, step: int | None, ids: Sequence[int]) -> None:
    """Undo the strike ``step`` and decide this query without ``ids``, until the next query."""
    rows = session.decision.shown(ids)
    if not rows:  # another query came meanwhile
        undo_step(session, step)
        return

    def said(changes: Changes | None) -> None:
        if changes is None:
            session.post_note(NOT_LAST)
            return
        leave_out_here(session, ids, rows)

    session.edit("Undoing", partial(_undone, step), said)


def leave_out_here(session: Session, ids: Sequence[int], rows: Sequence[Neighbour] = ()) -> None:
    """Decide this query without ``ids``, until the next query; the memory stays as it is. ``rows``: their cards."""
    rows = rows or session.decision.shown(ids)
    session.decision.leave_out(rows)
    back = partial(session.decision.take_back, [row.id for row in rows])
    session.post_note(f"Left {exemplars(len(rows))} out of this query only.", back)
    session.note_finished.emit()  # what the undo of a strike did to other decisions is no news: it is as before it


def restore(session: Session, ids: Sequence[int]) -> None:
    _edit(session, "Restoring", lambda m: m.restore(ids), f"Restored {exemplars(len(ids))}.")


def relabel(session: Session, ids: Sequence[int], label: str) -> None:
    _edit(session, "Relabelling", lambda m: m.relabel(ids, label), f"Relabelled {exemplars(len(ids))} to {label}.")


def reweigh(session: Session, ids: Sequence[int], trust: float) -> None:
    text = f"Set the trust of {exemplars(len(ids))} to {trust:g}."
    _edit(session, "Setting trust", lambda m: m.reweigh(ids, trust), text)


def trust_of(session: Session, ids: Sequence[int]) -> float:
    """The trust that all of ``ids`` have; 1 where they differ or are gone."""
    if session.memory is None:
        return 1.0
    snapshot = session.memory.snapshot
    found = {float(trust) for trust in snapshot.trust[np.isin(snapshot.ids, ids)]}
    return found.pop() if len(found) == 1 else 1.0


def rename_label(session: Session, old: str, new: str) -> None:
    """Rename a class with everything below it; onto one that exists: merge them."""
    _edit(session, "Renaming", lambda m: m.rename_label(old, new), f"Renamed {old} to {new}.")


def give_key(session: Session, label: str, digit: int | None) -> None:
    """Let ``digit`` stand for a class from now on; None: none does. No step of the history."""

    def work(memory: Any) -> None:
        memory.keys.take(label) if digit is None else memory.keys.give(digit, label)

    if may_write(session):
        session.edit("Keeping the key", work, lambda _: session.class_keys.refresh())


def teach(session: Session, images: Sequence[ImageLike], label: str) -> None:
    """Add pictures (paths, or pictures already decoded) to the memory as ``label``, as one step."""
    images = list(images)
    said = partial(say_taught, session, label)

    def work(memory: Any, report: Any = silent) -> tuple[Any, int | None]:
        decoded = _decoded(memory, images, report) if len(images) > FEW else images
        return memory.add_pictures(decoded, [label] * len(images)), last_step(memory)

    if not may_write(session):
        return
    if len(images) > FEW:
        stopped = partial(_say_stopped, session, "Teaching stopped; nothing was added.")
        session.run_background(f"Teaching {len(images):,} pictures", work, said, stopped)
    else:
        session.edit("Teaching", work, said)


def undo(session: Session) -> None:
    if may_write(session):
        session.edit("Undoing", lambda m: m.undo(), partial(_say_step, session, "Undone", "Nothing to undo."))


def redo(session: Session) -> None:
    if may_write(session):
        session.edit("Redoing", lambda m: m.redo(), partial(_say_step, session, "Redone", "Nothing to redo."))


def import_folder(session: Session, folder: str | Path, *, copy: bool, label: str | None = None) -> None:
    """Add the pictures of ``folder``: sub-folder names are the labels, or all get ``label``. In the background."""
    title = f"Adding pictures of {Path(folder).name}"

    def work(memory: Any, report: Any) -> tuple[Any, int | None]:
        result = memory.build(folder, copy=copy, label=label, report=report, write=session.tasks.write)
        return result, last_step(memory)

    def said(done: tuple[Any, int | None]) -> None:
        result, step = done
        session.step_finished.emit()
        undo = partial(undo_step, session, step) if result.added and step else None
        session.post_note(built(result), undo, skipped.show(session, result.skipped))

    if may_write(session):
        session.run_background(title, work, said, once=f"import {folder} as {label}")


def export(session: Session, to: str | Path, format: str, *, keep_private: bool = False) -> None:
    """Write the memory to ``to`` as "bundle", "imagefolder" or "parquet", in the background."""

    def work(memory: Any, report: Any) -> Any:
        from visualmemory_gui.engine.exchange import formats

        return formats.export(memory, to, format, keep_private=keep_private, report=report)

    stopped = partial(_say_stopped, session, "Export stopped; what was written is removed.")
    told = f"Exported to {Path(to).name}."
    session.run_background("Exporting", work, lambda _: session.post_note(told), stopped, once=f"export {to}")


def open_demo(session: Session) -> None:
    """Make the demo memory if it is not there yet, and open it."""

    def work(report: Any) -> Any:
        from visualmemory_gui.engine.exchange.demo import make_demo

        return make_demo(report=report)

    session.tasks.run_background("Making the demo memory", work, session.open, once=DEMO)


def keep_choice(session: Session, name: str, value: object) -> None:
    """Keep k, rule or level in the memory's settings, where it may be written; no step of the history."""
    memory = session.memory
    if memory is not None and not memory.readonly:
        session.tasks.run_edit("Keeping settings", lambda: memory.set(name, value), topic=f"keep {name}")


def may_write(session: Session) -> bool:
    """Whether the open memory can be edited; where it cannot, a note says so."""
    memory = session.memory
    if memory is None:
        return False
    if memory.readonly:
        session.post_note(READ_ONLY)
    return not memory.readonly


def exemplars(count: int) -> str:
    """ "1 exemplar", "1,200 exemplars"."""
    return f"{count:,} exemplar{'' if count == 1 else 's'}"


DEMO = "make the demo memory"  # the job
NOT_LAST = "Other edits came after it; see the history."
READ_ONLY = "This memory is open for reading only; nothing was changed. To edit it, copy it and open the copy."
FEW = 8  # pictures that are decoded and embedded in the thread of the edits; more go to the background


def _edit(
    session: Session,
    title: str,
    fn: Callable[[Any], Changes],
    text: str,
    also: Callable[[int | None], tuple[NoteAction, ...]] = lambda step: (),
) -> None:
    def said(changes: Changes) -> None:
        if changes.edit is None:
            session.post_note("Nothing to change: it is so already.")
        else:
            session.post_note(text, partial(undo_step, session, changes.step), also(changes.step))

    if may_write(session):
        session.edit(title, fn, said)


def _decoded(memory: Any, images: Sequence[ImageLike], report: Report) -> list[Picture]:
    """The pictures in memory, one by one, so that the user can stop before anything is written."""
    found = []
    for done, image in enumerate(images):
        report(done, len(images), "reading pictures")
        found.append(image if isinstance(image, Picture) else memory.picture(image))
    report(len(images), len(images), "adding them")
    return found


def _say_stopped(session: Session, text: str, error: BaseException) -> None:
    if isinstance(error, Cancelled):
        session.post_note(text)
    else:
        session.raise_error(error)


def undo_step(session: Session, step: int | None) -> None:
    """Undo ``step`` if it is still the last one: a note's Undo never takes back another edit."""
    session.edit("Undoing", partial(_undone, step), partial(_say_step, session, "Undone", NOT_LAST))


def _undone(step: int | None, memory: Any) -> Changes | None:
    last = memory.history.can_undo()
    return memory.undo() if last is not None and step == last.number else None


def _say_step(session: Session, done: str, nothing: str, changes: Changes | None) -> None:
    named = changes.edit if changes is not None else None
    session.post_note(f"{done}: {named}." if named else nothing)


def last_step(memory: Any) -> int | None:
    step = memory.history.can_undo()
    return step.number if step is not None else None


def say_taught(session: Session, label: str, done: tuple[Any, int | None]) -> None:
    result, step = done
    if result.added:
        present = f" {len(result.present)} here already." if result.present else ""
        text = f"Taught {exemplars(len(result.added))} as {label}.{present}{_conflicts(result.conflicts)}"
        session.post_note(text, partial(undo_step, session, step))
    else:
        ids = ", ".join(str(i) for i in list(result.present.values())[:5])
        session.post_note(f"Already here as {ids}." if ids else f"Nothing was added.{_conflicts(result.conflicts)}")


def _conflicts(conflicts: Mapping[int, tuple[int, str]]) -> str:
    """The same picture under another label is never passed over in silence."""
    if not conflicts:
        return ""
    exemplar, label = next(iter(conflicts.values()))
    more = f" and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
    return f" The same picture is here as {label} (exemplar {exemplar}){more}: relabel or strike one of them."


def built(result: Any, label: str = "") -> str:
    """What a build did; ``label`` is said after the number."""
    parts = [f"{'Stopped: added' if result.stopped else 'Added'} {exemplars(result.added)}{label}"]
    if result.unchanged:
        parts.append(f"{result.unchanged:,} were here already")
    if result.skipped:
        parts.append(f"{len(result.skipped):,} files skipped")
    return "; ".join(parts) + "."
