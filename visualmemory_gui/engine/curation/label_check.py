"""A check of some labels that are likely to be wrong, drawn at random: how many of the whole list are.

Only a person's answers can tell. Those to the first rows of a list would tell of its worst part, so the rows are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.curation.suspect import LABEL, Suspect
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.evaluation.statistics import interval_of_share
from visualmemory_gui.engine.store.checksum import hash64
from visualmemory_gui.engine.store.dismissals import holds

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

SIZE = 20


@dataclass(frozen=True, slots=True)
class LabelCheck:
    """``drawn`` at random from a list of ``listed`` suspects, as they were then."""

    drawn: tuple[Suspect, ...]
    listed: int

    @classmethod
    def draw(cls, suspects: Sequence[Suspect], *, size: int = SIZE, seed: int = 0) -> LabelCheck:
        """The same suspects and ``seed`` give the same draw, in whatever order they are listed."""
        mixed = sorted(suspects, key=lambda suspect: hash64(f"{seed} {suspect.id}".encode()))
        return cls(tuple(mixed[:size]), len(suspects))

    def answers(self, memory: WholeMemory) -> Answers:
        """What became of them: a label that was kept is right, one that was changed or struck out is wrong."""
        kept, snapshot = memory.kept.all(LABEL), memory.snapshot
        right, wrong, left = 0, 0, []
        rows = snapshot.rows_if_here(np.array([one.id for one in self.drawn], np.int64)).tolist()
        for one, row in zip(self.drawn, rows, strict=True):
            there = row != ABSENT and bool(snapshot.active[row]) and snapshot.labels[snapshot.label[row]] == one.label
            if not there:
                wrong += 1
            elif holds(kept, (one.id, 0), one.label):
                right += 1
            else:
                left.append(one)
        return Answers(right, wrong, tuple(left), self.listed)


@dataclass(frozen=True, slots=True)
class Answers:
    """How many labels of a check are ``right`` and ``wrong``, and which are ``left`` to be looked at."""

    right: int
    wrong: int
    left: tuple[Suspect, ...]
    listed: int

    @property
    def words(self) -> str:
        """ "9 of 20 drawn at random were wrong: 26 to 66 % of the list of 264."; before that, how many are left."""
        done = self.right + self.wrong
        if self.left:
            return f"{done} of {done + len(self.left)} labels drawn at random are checked."
        if not done:
            return "No label is likely to be wrong: there is nothing to check."
        if done == self.listed:
            return f"{self.wrong} of {done} labels were wrong; these were all on the list."
        low, high = interval_of_share(self.wrong, done)
        between = f"between {100 * low:.0f} and {100 * high:.0f} % of the list of {self.listed:,}"
        return f"{self.wrong} of {done} labels drawn at random were wrong: {between}."
