"""The actions of a note other than Undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class NoteAction(NamedTuple):
    """A button of a note: its text, which names what it shows or does, and the function it calls.

    One that ``lasts`` is the only way to what it shows: neither time nor another note removes it.
    """

    text: str
    call: Callable[[], object]
    lasts: bool = False
