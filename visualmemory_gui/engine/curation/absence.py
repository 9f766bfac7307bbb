"""What each exemplar does to the decisions: how much smaller the share of the right label would be in its absence.

It is the difference that striking out that exemplar alone would make, under any voting rule, with the neighbour that
takes its place and what becomes of the class factor. Unlike Shapley values it is no part of a sum: where two copies say
the same, the absence of one changes little.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import own_class
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.neighbour_pool import Ballot
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.evaluation.query_set import QueryLists
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import F64, I64

MOST_COPIES = 10  # times as many exemplars as different vectors that are looked at
_NONE: I64 = np.empty(0, np.int64)
_NO_STRIKE: I64 = np.empty((1, 0), np.int64)


def absence_values(lists: QueryLists, *, report: Report = silent) -> F64:
    """The value of each row of the snapshot, (n,) float64: by how much the mean share of the right label is larger for
    its being there, below 0 where it misleads. Raises Cancelled."""
    every = np.arange(len(lists))
    sums = absence_sums(lists, every, part=np.zeros_like(every), parts=1, report=report)
    values: F64 = sums[0] / max(len(lists), 1)
    return values


def absence_sums(lists: QueryLists, which: I64, *, part: I64, parts: int, report: Report = silent) -> F64:
    """The same, summed over the queries ``which`` (places) of each part: (parts, n); ``part`` is theirs.

    Every neighbour that k counts is struck out alone, one without a vote too: its absence brings in the next, which
    may have one. An exemplar that is too far to be retrieved has value 0, though its absence may change a class factor.
    Under ridge about 40 solutions a query. Raises Cancelled.
    """
    snapshot, queries, scheme = lists.snapshot, lists.queries, lists.scheme
    first = replace(scheme, k=scheme.k + 1)
    rows, distances = lists.nearest(MOST_COPIES * first.k if scheme.joint else first.k)
    own = own_class(snapshot, queries.own)
    names = [at_level(name, scheme.level) for name in queries.names]
    out = np.zeros((parts, len(snapshot)))
    for done, (i, of) in enumerate(zip(which.tolist(), part.tolist(), strict=True)):
        report(done, len(which), "leaving out exemplars")
        there = rows[i] != ABSENT
        near, far = rows[i][there], distances[i][there]
        kept = first.voters(snapshot, near)
        ballot = Ballot(snapshot, near[kept], far[kept], scheme, beyond=_NONE, own=own[i])
        right = ballot.code(names[queries.truth[i]])
        if right == ABSENT:
            continue
        struck = ballot.within(0)
        out[of, ballot.rows[struck]] += ballot.shares(_NO_STRIKE, right) - ballot.shares(struck[:, None], right)
    report(len(which), len(which), "leaving out exemplars")
    return out
