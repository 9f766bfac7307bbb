"""How long a statement may run: in steps of SQLite's machine, by the size of the file.

A crafted file can lead a statement in circles without end. No statement of a memory takes more than a few steps for
each byte of the file, however slow the disk or busy the machine is; so steps are counted, not seconds, and long ones
(all rows of a million, vacuum, SQLite's own check) are given as many as the size of their file warrants.
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
    """The limit for the statements of one connection; ``path`` is its file. ``steps`` are those of the statement that
    runs: 0 where it begins."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.steps = 0

    def watch(self, connection: apsw.Connection) -> None:
        """From now on a statement that takes too many steps ends with InterruptError."""
        connection.set_progress_handler(self._is_over, _EVERY)

    def for_each(self, params: Iterable[Any]) -> Iterator[Any]:
        """``params``, counting each as a new statement."""
        for one in params:
            self.steps = 0
            yield one

    def _is_over(self) -> bool:
        self.steps += _EVERY
        return self.steps > LEAST and self.steps > LEAST + PER_BYTE * self._bytes()

    def _bytes(self) -> int:
        """Its size on the disk: holes in a file do not count."""
        return sum(_on_disk(self._path.with_name(self._path.name + end)) for end in ("", "-wal"))


def _on_disk(path: Path) -> int:
    try:
        return 512 * path.stat().st_blocks
    except OSError:
        return 0
