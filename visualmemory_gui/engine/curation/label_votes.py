"""What its neighbours say about the label of each exemplar, under the labels there are or under others.

The ridge vote, whatever rule the memory decides by, and without class factor, which would let every small class win
where it is near. Its weights do not depend on labels, so that a vote under other labels costs no new solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.votes import ABSENT, winners_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools

SCHEME = VotingScheme("ridge", 100, class_factor="off")
"""How the neighbours of an exemplar vote on its label."""

AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Verdict:
    """On each of n exemplars, (n,): the share of the vote that its own label gets, and what wins with which share.

    ``winner`` is a label's code, ABSENT where no vote counts.
    """

    label: I64
    own: F64
    winner: I64
    share: F64

    @property
    def contradicted(self) -> Bools:
        """Whether another label wins."""
        other: Bools = (self.winner != self.label) & (self.winner != ABSENT)
        return other

    def order(self, which: I64) -> I64:
        """These exemplars, the most suspicious first: the smallest own share, then the largest share against it."""
        return which[np.lexsort((which, -self.share[which], self.own[which]))]


@dataclass(frozen=True, slots=True)
class LabelVotes:
    """The neighbours of n exemplars, ``rows`` (n, k) of the snapshot, nearest first, and what their ``votes`` weigh.

    ``asked`` are the rows of the exemplars, (n,).
    """

    asked: I64
    rows: I64
    votes: F64

    @classmethod
    def of(cls, snapshot: Snapshot, asked: I64, table: NeighbourTable, *, report: Report = silent) -> LabelVotes:
        """The votes of all neighbours in ``table``. Raises Cancelled."""
        rows, distances = table.arrays
        votes = np.zeros(rows.shape)
        for start in range(0, len(rows), AT_ONCE):
            report(start, len(rows), "weighing votes")
            part = slice(start, start + AT_ONCE)
            votes[part] = SCHEME.vote_weights(NeighbourArrays.of(snapshot, rows[part], distances[part]))
        report(len(rows), len(rows), "weighing votes")
        return cls(asked, rows, votes)

    def verdict(self, labels: I64, which: I64 | None = None) -> Verdict:
        """The vote if the rows of the snapshot had the label codes ``labels``; of ``which`` exemplars, else of all."""
        which = np.arange(len(self.asked)) if which is None else which
        own, votes = labels[self.asked[which]], self.votes[which]
        codes = np.where(self.rows[which] == ABSENT, 0, labels[self.rows[which]])
        total = votes.sum(axis=1)
        mine = (votes * (codes == own[:, None])).sum(axis=1)
        share = np.divide(mine, total, out=np.zeros(len(own)), where=total > 0.0)
        return Verdict(own, share, *winners_of(codes, votes, tie=SCHEME.tie))
