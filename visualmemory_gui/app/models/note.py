"""A note of the window: what was done, when, and what can still be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import time


def _always() -> str:
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class NoteAction:
    """A button of a note: its text, which names what it shows or does, and the function it calls.

    ``step`` is the step of the history that it takes back: it is possible while that is the last one done. After that
    ``later``, if any, is offered in its place. ``refusal`` says why it is not possible now, "" where it is; it is asked
    whenever the action is painted, so it reads what is known and computes nothing.
    """

    text: str
    call: Callable[[], object]
    step: int | None = None
    later: NoteAction | None = None
    refusal: Callable[[], str] = _always

    def __call__(self) -> object:
        return self.call()


@dataclass(slots=True, eq=False)
class KeptNote:
    """A note that the bell keeps. ``time`` is seconds since the epoch."""

    text: str
    actions: tuple[NoteAction, ...] = ()
    is_error: bool = False
    unread: bool = True
    time: float = field(default_factory=time)
