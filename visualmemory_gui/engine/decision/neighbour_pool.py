"""The neighbours of one query beyond the k that vote, and what the vote becomes when some of them are struck out.

A strike pulls in the next neighbour, lets the ranks behind it move up, and changes the class factor of its label, and
in the form ``mean`` that of every other. The votes are those of ``decide``, number by number, for many sets of strikes
at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np

from visualmemory_gui.engine.decision.class_factor import largest_usual_size, usual_size
from visualmemory_gui.engine.decision.equal_vectors import ordinals
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.ridge_absences import RidgeAbsences
from visualmemory_gui.engine.decision.votes import ABSENT, winners_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools

Retrieve = Callable[[int], tuple[I64, F64]]
"""The nearest so many rows of active exemplars and their distances, nearest first; fewer where no more are there. Under
a joint rule all exemplars of so many different vectors."""


class Ballot:
    """``rows`` (n,) and ``distances`` are the neighbours, nearest first; ``beyond`` are rows that are too far to vote.

    Places count through both: 0 is the nearest neighbour, n the first of ``beyond``. ``classes`` holds for each place a
    code into ``names``, the labels at the level of ``scheme``. ``own`` is for ``others_counted``. Under a joint rule
    ``rows`` are all exemplars of their vectors.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        rows: I64,
        distances: F64,
        scheme: VotingScheme,
        *,
        beyond: I64,
        own: I64 | None = None,
    ) -> None:
        self.scheme = scheme
        self.near = len(rows)
        self.rows: I64 = np.concatenate([rows, beyond])
        far: F64 = np.concatenate([distances, np.full(len(beyond), np.inf)])
        self.arrays = NeighbourArrays.of(snapshot, self.rows, far, own=own)
        self.labels = self.arrays.codes
        place: dict[str, int] = {}
        labels, self._label_of = np.unique(self.labels, return_inverse=True)
        self._sizes, self._memory = snapshot.counts[labels], snapshot.counts
        names = [at_level(snapshot.labels[label], scheme.level) for label in labels.tolist()]
        self.classes: I64 = np.array([place.setdefault(name, len(place)) for name in names], np.int64)[self._label_of]
        self.names: tuple[str, ...] = tuple(place)
        self._vectors = ordinals(self.arrays.twins[: self.near]) if scheme.joint else np.arange(self.near)
        """For each neighbour, how many come before it that k counts."""

    def within(self, strikes: int) -> I64:
        """The places of the neighbours that can vote after so many strikes."""
        return np.flatnonzero(self._vectors < self.scheme.k + strikes)

    def code(self, name: str | None) -> int:
        """The code of a class; ABSENT where none of its exemplars is here."""
        return self.names.index(name) if name in self.names else ABSENT

    def winners(self, struck: I64) -> I64:
        """(m,) codes of the winners without the places ``struck``, (m, s); ABSENT where no vote is left."""
        if not len(self.rows):
            return np.full(len(struck), ABSENT, np.int64)
        kept, votes = self._votes(struck)
        return winners_of(self.classes[kept], votes, tie=self.scheme.tie)[0]

    def leads(self, struck: I64, target: int, rival: int) -> F64:
        """(m,) by how much of the vote ``target`` is ahead of the best other class.

        Without a target (ABSENT): by how much the best other class is ahead of ``rival``.
        """
        kept, votes = self._votes(struck)
        totals = np.zeros((len(struck), len(self.names) + 1))
        np.add.at(totals, (np.arange(len(struck))[:, None], self.classes[kept]), votes)
        whole = np.maximum(totals.sum(axis=1), np.finfo(np.float64).tiny)
        one = rival if target == ABSENT else target
        mine = totals[:, one].copy()
        totals[:, one] = 0.0
        ahead: F64 = (mine - totals.max(axis=1)) / whole
        return -ahead if target == ABSENT else ahead

    def shares(self, struck: I64, target: int) -> F64:
        """(m,) the share of the vote that ``target`` has without the places ``struck``, (m, s); 0 where no vote is
        left."""
        kept, votes = self._votes(struck)
        total = votes.sum(axis=1)
        mine = (votes * (self.classes[kept] == target)).sum(axis=1)
        out: F64 = np.divide(mine, total, out=np.zeros(len(struck)), where=total > 0.0)
        return out

    def equal_votes(self, length: int, strikes: int) -> bool:
        """Whether among the first ``length`` places all votes weigh the same, also after ``strikes`` strikes."""
        if self.scheme.rule != "plurality" or not (self.arrays.trust[:length] == self.arrays.trust[0]).all():
            return False
        form, counts = self.scheme.class_factor, self.arrays.counts[:length] - strikes
        return form == "off" or bool((counts >= largest_usual_size(form, self._memory, strikes)).all())

    def votes(self, struck: I64) -> F64:
        """What the votes weigh, (m, n + beyond), without the places ``struck``, (m, s)."""
        kept, votes = self._votes(struck)
        out = np.zeros((len(struck), len(self.rows)))
        np.put_along_axis(out, kept, votes, axis=1)
        return out

    def _votes(self, struck: I64) -> tuple[I64, F64]:
        """Places that hold all who vote in each case, (m, w), and what their votes weigh; 0 where none is taken."""
        m, s = struck.shape
        width = self.near if self.scheme.joint else min(self.near, self.scheme.k + s)
        there = np.ones((m, width + 1), bool)  # one more, for strikes that lie beyond
        there[np.arange(m)[:, None], np.minimum(struck, width)] = False
        there = there[:, :width]
        if self.scheme.joint:
            kept = np.broadcast_to(np.arange(width), there.shape)
            votes_here = there & self._counted(there)
        else:
            kept = np.argsort(~there, axis=1, kind="stable")[:, : self.scheme.k]
            votes_here = np.take_along_axis(there, kept, axis=1)
        gone = np.zeros((m, len(self._sizes)), np.int64)
        np.add.at(gone, (np.arange(m)[:, None], self._label_of[struck]), 1)
        left = self.arrays.counts[kept] - np.take_along_axis(gone, self._label_of[kept], axis=1)
        usual = usual_size(self._memory.sum() - s, np.count_nonzero(self._memory) - (gone == self._sizes).sum(axis=1))
        distances = np.where(votes_here, self.arrays.distances[kept], np.inf)
        trust = np.where(votes_here, self.arrays.trust[kept], 0.0)
        near = NeighbourArrays(distances, trust, self.labels[kept], left, usual[:, None])
        if self.scheme.joint:
            copies = self._vectors.max(initial=-1) + 1 < self.near
            near = replace(
                near,
                twins=self.arrays.twins[kept],
                places=kept,
                compare=self._compare,
                solved=self._absences,
                different=not copies,
            )
        return kept, self.scheme.vote_weights(near)

    def _counted(self, there: Bools) -> Bools:
        """Which of the neighbours are of the first k vectors in each case, (m, n), where those are ``there``."""
        left = np.zeros((len(there), int(self._vectors.max(initial=-1)) + 1), np.bool_)
        case, place = np.nonzero(there)
        left[case, self._vectors[place]] = True
        return (left.cumsum(axis=1) <= self.scheme.k)[:, self._vectors]

    def _compare(self, places: I64) -> F64:
        """The cosines of the neighbours at ``places``, (m, k), with each other."""
        return self._alike[places[:, :, None], places[:, None, :]]

    @cached_property
    def _absences(self) -> RidgeAbsences:
        return RidgeAbsences(self._alike, self.arrays.distances[: self.near], self._vectors)

    @cached_property
    def _alike(self) -> F64:
        return self.arrays.first(self.near).cosines
