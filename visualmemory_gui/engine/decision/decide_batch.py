"""The decisions of many queries at once: the same numbers in the same order as ``decide``, without its objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.decision.equal_vectors import Hides, rows_behind
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, Related
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.novelty import UNTOLD, Thresholds, judge_many, total_of
from visualmemory_gui.engine.decision.solved_weights import SolvedWeights
from visualmemory_gui.engine.decision.votes import ABSENT, seats, tied_vote
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One entry a query. ``winner`` is a place in ``labels``, ABSENT where there is nothing to compare with; ``full``
    the code of the strongest full label below it.

    ``share`` and ``margin`` are NaN there. ``known`` is KNOWN, UNKNOWN, or UNTOLD where it cannot be told.
    """

    labels: tuple[str, ...]
    winner: I64
    full: I64
    share: F64
    margin: F64
    known: npt.NDArray[np.int8]

    def label(self, query: int) -> str | None:
        code = int(self.winner[query])
        return None if code == ABSENT else self.labels[code]


def decide_many(
    snapshot: Snapshot,
    rows: I64,
    distances: F64,
    scheme: VotingScheme,
    *,
    thresholds: Thresholds | None = None,
    keys: ContentKeys | None = None,
    own: I64 | None = None,
    solved: SolvedWeights | None = None,
    different: bool = False,
    hides: Hides | None = None,
) -> Verdicts:
    """Let the first k of each query's ``rows`` vote by ``scheme``: (q, w) rows of active exemplars, nearest first.

    ``different``: the rows are of different vectors, and ``hides`` says which of their copies a query must not see.
    Places that no neighbour takes hold ABSENT, at the end. ``own`` is for ``others_counted``. ``keys``, (q,)
    each, are the queries' own hashes for the judgement of known and unknown, which needs 10 neighbours of other content
    where there are any; None leaves it untold. ``solved`` holds what a joint rule found for these
    queries before.
    """
    if different:
        near = scheme.neighbours(snapshot, rows, distances, hides=hides, own=own)
        rows, distances = rows_behind(snapshot, rows, distances, hides, most=rows.shape[1])
    else:
        near = NeighbourArrays.of(snapshot, rows[:, : scheme.k], distances[:, : scheme.k], own=own)
    if solved is not None:
        near = near.remembering(solved)
    codes, alone = near.codes, scheme.rule_weights(near)
    votes = scheme.vote_weights(near, by_rule=alone)
    full, share, margin = _vote(codes, votes, scheme.tie)
    names, above, won, winner = snapshot.labels, codes, full, full
    if scheme.level:
        names, rolled = _rolled_up(snapshot.labels, scheme.level)
        above = rolled[codes] if len(rolled) else codes
        winner, share, margin = _vote(above, votes, scheme.tie)
        full = _vote(codes, np.where(above == winner[:, None], votes, 0.0), scheme.tie)[0]
    known = np.full(len(rows), UNTOLD, np.int8)
    if keys is not None:
        known = judge_many(
            snapshot,
            rows,
            distances,
            scheme,
            winner=won,
            total=total_of(above, alone, winner),
            thresholds=thresholds,
            related=Related.of(snapshot, rows, keys),
            own=own,
        ).known
    return Verdicts(names, winner, full, share, margin, known)


def class_shares(snapshot: Snapshot, rows: I64, distances: F64, scheme: VotingScheme) -> F64:
    """The share of the vote that each class of ``snapshot.labels`` gets: (q, classes), lines of zeros where no vote
    weighs anything. ``rows`` and ``distances``, (q, w), are of different vectors, as in ``decide_many``."""
    near = scheme.neighbours(snapshot, rows, distances, hides=None)
    totals = np.zeros((len(rows), len(snapshot.labels)))
    np.add.at(totals, (np.arange(len(rows))[:, None], near.codes), scheme.vote_weights(near))
    total = totals.sum(axis=1, keepdims=True)
    shares: F64 = np.divide(totals, total, out=np.zeros_like(totals), where=total > 0.0)
    return shares


def _vote(codes: I64, votes: F64, tie: float) -> tuple[I64, F64, F64]:
    """Winner, share and margin of each query; sums run in rank order, the first to reach the maximum wins.

    With a ``tie`` as in ``tally``.
    """
    if tie and codes.shape[1]:
        winner, share, margin = tied_vote(codes, votes, tie=tie)
        nothing = winner == ABSENT
        return winner, np.where(nothing, np.nan, share), np.where(nothing, np.nan, margin)
    q, k = codes.shape
    every, seat = np.arange(q), seats(codes)
    totals, total = np.zeros((q, max(k, 1))), np.zeros(q)
    best, winner, place = np.zeros(q), np.full(q, ABSENT, np.int64), np.zeros(q, np.int64)
    for r in range(k):
        at = seat[:, r]
        new = totals[every, at] + votes[:, r]
        totals[every, at] = new
        total += votes[:, r]
        leads = new > best
        best = np.where(leads, new, best)
        winner = np.where(leads, codes[:, r], winner)
        place = np.where(leads, at, place)
    totals[every, place] = 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(winner == ABSENT, np.nan, best / total)
        margin = share - totals.max(axis=1, initial=0.0) / total
    return winner, share, margin


def _rolled_up(labels: tuple[str, ...], level: int) -> tuple[tuple[str, ...], I64]:
    """The labels of ``level``, and for each full label the place of its own among them."""
    place: dict[str, int] = {}
    codes = [place.setdefault(at_level(label, level), len(place)) for label in labels]
    return tuple(place), np.array(codes, np.int64)
