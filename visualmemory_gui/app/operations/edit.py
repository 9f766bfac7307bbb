"""Edits of the open memory: run one off the window's thread, report it in a note, take it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.models.note_log import NOT_LAST
from visualmemory_gui.app.session import SAVING, Session
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

Result = TypeVar("Result")
READ_ONLY = "This memory is open for reading only; nothing was changed. To edit it, copy it and open the copy."
UNCHANGED = "Nothing changed: it was that way already."


class Runnable(Protocol):
    """An edit that can be run, whatever its work returns."""

    def run(self, session: Session) -> None: ...


class Undo(Runnable, Protocol):
    """An edit that takes back the step ``takes_back``, if that is the last one; None: it does not matter which is."""

    @property
    def takes_back(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Note:
    """What the window says once something is done; ``undo`` takes it back."""

    text: str
    undo: Undo | None = None
    actions: tuple[NoteAction, ...] = ()

    def post(self, session: Session) -> None:
        session.post_note(self.text, self._undo(session), self.actions)

    def _undo(self, session: Session) -> NoteAction | None:
        """Undo while the step is the last one, and then reverting it alone."""
        if self.undo is None:
            return None
        step = self.undo.takes_back
        later = revert_of(step, self.text.rstrip(".")) if step is not None else None
        return NoteAction(
            "Undo",
            partial(self.undo.run, session),
            step,
            NoteAction("Revert this step alone", partial(later.run, session)) if later else None,
        )


@dataclass(frozen=True, slots=True)
class Edit(Generic[Result]):
    """A short edit, run between two others in the edits' thread; the window shows ``title`` while it runs.

    ``then`` gets what ``work`` returned, in the window's thread and once it is on disk; the note that it returns is
    posted. Without ``failed`` the user sees the error. One that ``only_reads`` also runs on a read-only memory.
    ``takes_back`` is the step that it undoes, if any.
    """

    title: str
    work: Callable[[Memory], Result]
    then: Callable[[Result], Note | None]
    failed: Callable[[BaseException], object] | None = None
    only_reads: bool = False
    takes_back: int | None = None

    def run(self, session: Session) -> None:
        """Run it, unless no memory is open, or the memory is read-only, which a note then says."""
        memory = session.memory
        if memory is not None and (self.only_reads or may_write(session)):
            if not self.only_reads:
                session.tell_saving(SAVING)
            done, failed = partial(self._done, session), partial(self._failed, session)
            session.tasks.run_edit(self.title, lambda: self.work(memory), done, failed)

    def _done(self, session: Session, result: Result) -> None:
        if not self.only_reads:
            session.tell_saving("saved")
        _post(session, self.then(result))

    def _failed(self, session: Session, error: BaseException) -> None:
        (self.failed or session.raise_error)(error)
        if not self.only_reads:
            session.tell_saving("not saved")


@dataclass(frozen=True, slots=True)
class Job(Generic[Result]):
    """Long work on the open memory, in the background with progress and Cancel; otherwise like an ``Edit``.

    ``stopped`` is posted if the user cancels it. ``once`` names a job that is not started again while it runs.
    ``stoppable`` is False for one that never reports.
    """

    title: str
    work: Callable[[Memory, Report], Result]
    then: Callable[[Result], Note | None]
    stopped: str = ""
    once: str = ""
    only_reads: bool = False
    stoppable: bool = True
    failed: Callable[[BaseException], object] | None = None

    def run(self, session: Session) -> None:
        memory = session.memory
        if memory is not None and (self.only_reads or may_write(session)):
            session.tasks.run_background(
                self.title,
                lambda report: self.work(memory, report),
                lambda result: _post(session, self.then(result)),
                partial(self._failed, session),
                once=f"{self.once} of {memory.address}" if self.once else "",
                stoppable=self.stoppable,
            )

    def _failed(self, session: Session, error: BaseException) -> None:
        if self.failed is not None:
            self.failed(error)
        else:
            say_stopped(session, self.stopped, error)


def step(
    title: str,
    work: Callable[[Memory], Changes],
    text: str,
    actions: Callable[[int | None], tuple[NoteAction, ...]] = lambda step: (),
) -> Edit[Changes]:
    """An edit that is one step of the history: the note says ``text``, and its Undo takes back that step alone."""

    def said(changes: Changes) -> Note:
        if changes.edit is None:
            return Note(UNCHANGED)
        return Note(f"{text}{branched(changes)}", undo_of(changes.step), actions(changes.step))

    return Edit(title, work, said)


def undo_of(step: int | None) -> Edit[Changes | None]:
    """An edit that undoes ``step`` if it is still the last one: a note's Undo never takes back another edit."""
    return Edit("Undoing", partial(undone, step), partial(step_note, "Undone", NOT_LAST), takes_back=step)


def revert_of(step: int, name: str) -> Edit[Changes]:
    """An edit that reverts ``step``, called ``name``, alone; later steps stay."""

    def said(changes: Changes) -> Note:
        stays = f" {_stay(len(changes.left))}" if changes.left else ""
        if changes.edit is None:
            return Note(f"Nothing of “{name}” could be taken back.{stays}")
        return Note(f"Reverted: {name}.{stays}", undo_of(changes.step))

    return Edit("Reverting", lambda m: m.history.revert(step), said)


def branched(changes: Changes) -> str:
    """What an edit says of the tagged states that it put on a branch; "" if there are none."""
    if not changes.branched:
        return ""
    return f" T{tagged(changes.branched)[1:]} {stays(changes.branched)} on a branch of the history."


def tagged(names: Sequence[str]) -> str:
    """ "the state tagged “before”"; "the states tagged “one” and “two”"."""
    shown = " and ".join(f"“{name}”" for name in names)
    return f"the state{'' if len(names) == 1 else 's'} tagged {shown}"


def stays(names: Sequence[str]) -> str:
    return "stays" if len(names) == 1 else "stay"


def undone(step: int | None, memory: Memory) -> Changes | None:
    """Undo ``step`` and return what that changed, None if it is no longer the last one."""
    return memory.undo() if step is not None and step == last_step(memory) else None


def step_note(done: str, nothing: str, changes: Changes | None) -> Note:
    """ "Undone: Strike out 2 exemplars."; ``nothing`` if there was no step."""
    return Note(f"{done}: {changes.edit}." if changes is not None and changes.edit else nothing)


def last_step(memory: Memory) -> int | None:
    """The number of the step that undo would take back."""
    last = memory.history.can_undo()
    return last.number if last is not None else None


def may_write(session: Session) -> bool:
    """Whether the open memory can be edited; if not, a note says so."""
    memory = session.memory
    if memory is None:
        return False
    if memory.readonly:
        session.post_note(READ_ONLY)
    return not memory.readonly


def say_stopped(session: Session, text: str, error: BaseException) -> None:
    """Post ``text``, if any, when the user stopped it; report anything else as an error."""
    if not isinstance(error, Cancelled):
        session.raise_error(error)
    elif text:
        session.post_note(text)


def _stay(count: int) -> str:
    if count == 1:
        return "1 exemplar changed since stays as it is."
    return f"{how_many(count)} changed since stay as they are."


def _post(session: Session, note: Note | None) -> None:
    if note is not None:
        note.post(session)
