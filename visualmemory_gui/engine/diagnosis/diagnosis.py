"""What a diagnosis consists of: findings on this installation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FindingState = Literal["ok", "note", "slow", "missing", "broken"]
BAD: frozenset[FindingState] = frozenset({"missing", "broken"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about ``name``. ``mend`` is the command or the step that helps, "" where nothing is amiss.

    ``needed``: without it the product does not work. ``note`` is something that can be had and is not there.
    """

    name: str
    state: FindingState
    detail: str
    mend: str = ""
    needed: bool = False

    @property
    def fatal(self) -> bool:
        """Whether the product does not work because of it."""
        return self.needed and self.state in BAD
