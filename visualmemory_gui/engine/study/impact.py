"""Which other decisions an edit changed: the blast radius, read after every edit.

The decisions of the watch set are followed; without one, those of a seeded sample of the memory's own exemplars, each
decided by all others (leave-one-out). Their neighbour lists are kept current with the memory, so that an edit costs
one product with what is new and the votes of what it touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from visualmemory_gui.engine.store.pictures import KeptPicture

if TYPE_CHECKING:
    pass

SAMPLE = 2000

Kind = Literal["fixed", "broken", "moved"]


@dataclass(frozen=True, slots=True)
class Followed:
    """One decision that is followed: of the exemplar ``exemplar``, or of the watched picture ``picture``.

    ``expected`` is what it ought to be: the exemplar's own label, or what its watcher said.
    """

    expected: str
    exemplar: int | None = None
    picture: KeptPicture | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A decision that an edit moved from the label ``before`` to ``after``; None: nothing to compare with."""

    query: Followed
    before: str | None
    after: str | None

    @property
    def kind(self) -> Kind:
        if self.after == self.query.expected:
            return "fixed"
        return "broken" if self.before == self.query.expected else "moved"


@dataclass(frozen=True, slots=True)
class Radius:
    """What an edit did to ``of`` other decisions: ``watched`` ones, or a sample of the memory's own."""

    moved: tuple[Moved, ...]
    of: int
    watched: bool
