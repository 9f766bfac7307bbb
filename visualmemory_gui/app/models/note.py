"""What can be done from a note, beside taking back what it tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class NoteAction(NamedTuple):
    """A button of a note: its words, which name what it shows or does, and what is called.

    One that ``lasts`` is the only way to what it shows: neither time nor another note takes it away.
    """

    text: str
    call: Callable[[], object]
    lasts: bool = False
