"""The results of studies that a memory keeps with its exemplars: runs, maps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.types import I64


class StudyResults:
    """Texts by name, each with the change number it was computed at; all are deleted when an exemplar is forgotten."""

    def __init__(self, live: OpenMemory) -> None:
        self._live = live

    def get(self, name: str) -> str | None:
        """The text of that name; None if there is none or it is damaged, so that it is computed again."""
        found = self._live.derived.get(name)
        return None if found is None else found[0]

    def all(self, prefix: str) -> dict[str, str]:
        """The texts whose names begin with ``prefix``, by name."""
        return self._live.derived.all(prefix)

    def keep(self, name: str, text: str, *, change: int, seen: I64) -> bool:
        """Keep ``text``, found at change number ``change`` on the exemplars ``seen``.

        False, and nothing is kept, if one of them has been forgotten since. Raises ReadOnlyMemory.
        """
        self._live.require_writable()
        with self._live.edit_lock:
            here = self._are_here(seen)
            if here:
                self._live.derived.put(name, text, change)
        return here

    def append(self, prefix: str, text_of: Callable[[int], str], *, change: int, seen: I64, most: int) -> int | None:
        """Keep ``text_of(number)`` under the next number after ``prefix``, and return the number; beyond ``most`` the
        oldest are deleted. None where ``keep`` is False."""
        self._live.require_writable()
        with self._live.edit_lock:
            if not self._are_here(seen):
                return None
            names = list(self._live.derived.all(prefix))
            number = int(names[-1].removeprefix(prefix)) + 1 if names else 1
            self._live.derived.put(f"{prefix}{number:06d}", text_of(number), change)
            for name in names[: max(len(names) + 1 - most, 0)]:
                self._live.derived.drop(name)
        return number

    def _are_here(self, seen: I64) -> bool:
        return bool(np.isin(seen, self._live.snapshot.ids, assume_unique=True).all())
