"""The sample of a memory's own exemplars on which is measured what is usual in it.

Known and unknown, the confidence and the class sets are all measured on these exemplars, each decided by the others.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.decision.equal_vectors import rows_behind
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, LeftOut, NearestMany, own_class
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64

SIZE = 2000
NEAREST = 10
"""How many neighbours known and unknown look at, whether they vote or not."""
AT_ONCE = 4096  # hashes: a million of them as objects are a hundred megabytes


def sample(snapshot: Snapshot, *, seed: int = 0, size: int = SIZE) -> I64:
    """Rows of the ``size`` active exemplars with the smallest sha256(content id + seed), so that a memory that forgot
    an exemplar draws what one that never saw it would draw.

    Content id here is the snapshot's 64-bit one (the first 8 bytes of the content's sha256); an exemplar without
    content is drawn by its vector's hash. Ties go to the smaller id.
    """
    return Sampling(seed=seed, size=size).rows(snapshot)


class Sampling:
    """``sample`` of a memory again and again while it is edited: what was drawn for a row is kept.

    For one memory as long as nothing is forgotten, so that every row stays where it is.
    """

    def __init__(self, *, seed: int = 0, size: int = SIZE) -> None:
        self._salt, self._size = str(seed).encode(), size
        self._drawn = np.empty(0, np.uint64)

    def rows(self, snapshot: Snapshot) -> I64:
        """The rows of the sample, increasing."""
        rows = np.flatnonzero(snapshot.active)
        if len(rows) <= self._size:
            return rows
        self._draw(snapshot)
        drawn = self._drawn[rows]
        last = np.partition(drawn, self._size - 1)[self._size - 1]
        tied = np.flatnonzero(drawn == last)[: self._size - np.count_nonzero(drawn < last)]
        return np.sort(np.concatenate([rows[drawn < last], rows[tied]]))

    def _draw(self, snapshot: Snapshot) -> None:
        """Draw for the rows that came since."""
        new = slice(len(self._drawn), len(snapshot))
        keys = np.where(snapshot.content[new] != 0, snapshot.content[new], snapshot.twin[new])
        parts = [self._drawn]
        for start in range(0, len(keys), AT_ONCE):
            raw = keys[start : start + AT_ONCE].astype("<i8").tobytes()
            digests = [hashlib.sha256(raw[i : i + 8] + self._salt).digest()[:8] for i in range(0, len(raw), 8)]
            parts.append(np.frombuffer(b"".join(digests), ">u8").astype(np.uint64))
        self._drawn = np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class ExemplarVotes:
    """The votes on each of q exemplars, by the others.

    ``own`` (q,) are the codes of their labels. ``near`` and ``distances`` (q, w) are the nearest exemplars, 10 of them
    where there are any: ABSENT and infinity behind. ``codes`` (q, k) are the labels of those that vote, ``alone`` what
    the rule gives them and ``votes`` the same with trust and class factor.
    """

    snapshot: Snapshot
    scheme: VotingScheme
    own: I64
    near: I64
    distances: F64
    codes: I64
    alone: F64
    votes: F64

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        nearest_many: NearestMany,
        scheme: VotingScheme,
        *,
        rows: I64 | None = None,
        report: Report = silent,
    ) -> ExemplarVotes:
        """Search the neighbours of the exemplars ``rows``, by default the sample, and let them vote."""
        rows = sample(snapshot) if rows is None else rows
        left_out, width = LeftOut(snapshot, ContentKeys.of(snapshot, rows)), max(scheme.k, NEAREST)
        found = nearest_many(
            snapshot, snapshot.vectors_of(rows), width, excluded_rows=left_out, report=report, different=True
        )
        own, table = own_class(snapshot, rows), NeighbourTable.of(found, width)
        voters = scheme.neighbours(snapshot, *table.arrays, hides=left_out.hides, own=own)
        near, distances = rows_behind(snapshot, *table.arrays, left_out.hides, most=NEAREST)
        alone = scheme.rule_weights(voters)
        votes = scheme.vote_weights(voters, by_rule=alone)
        return cls(snapshot, scheme, own, near, distances, voters.codes, alone, votes)

    def __len__(self) -> int:
        return len(self.own)
