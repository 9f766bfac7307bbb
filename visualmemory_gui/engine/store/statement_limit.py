"""How long a statement may run: in steps of SQLite's machine, by the size of the file.

A crafted file can lead a statement in circles that have no end. No statement of a memory takes more than some steps for
each byte of the file, however slow the disk or busy the machine is; so steps are counted, not seconds, and the long
ones (all rows of a million, vacuum, SQLite's own check) have the room that their file gives them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import apsw

LEAST = 20_000_000  # steps, about a second
PER_BYTE = 10
_EVERY = 100_000  # steps


class Patience:
    """Of one connection; ``path`` is its file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._steps = 0

    def watch(self, connection: apsw.Connection) -> None:
        """From now on a statement that takes too many steps ends with InterruptError."""
        connection.set_progress_handler(self._is_over, _EVERY)

    def begin(self) -> None:
        """A statement begins."""
        self._steps = 0

    def for_each(self, params: Iterable[Any]) -> Iterator[Any]:
        """``params`` of one statement after the other."""
        for one in params:
            self._steps = 0
            yield one

    def _is_over(self) -> bool:
        self._steps += _EVERY
        return self._steps > LEAST and self._steps > LEAST + PER_BYTE * self._bytes()

    def _bytes(self) -> int:
        """On the disk: holes in a file are no room."""
        return sum(_on_disk(self._path.with_name(self._path.name + end)) for end in ("", "-wal"))


def _on_disk(path: Path) -> int:
    try:
        return 512 * path.stat().st_blocks
    except OSError:
        return 0
