"""The decisions of many queries at once: the same numbers in the same order as ``decide``, without its objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.decision.equal_vectors import Hides, rows_behind
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, alike
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.novelty import DEPTHS, FEWEST, Thresholds
from visualmemory_gui.engine.decision.solved_weights import SolvedWeights
from visualmemory_gui.engine.decision.votes import ABSENT, seats, tied_vote
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64

KNOWN, UNKNOWN, UNTOLD = 1, 0, -1


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
    content: I64 | None = None,
    twin: I64 | None = None,
    own: I64 | None = None,
    solved: SolvedWeights | None = None,
    different: bool = False,
    hides: Hides | None = None,
) -> Verdicts:
    """Let the first k of each query's ``rows`` vote by ``scheme``: (q, w) rows of active exemplars, nearest first.

    ``different``: the rows are of different vectors, and ``hides`` says which of their copies a query must not see.
    Places that no neighbour takes hold ABSENT, at the end. ``own`` is for ``others_counted``. ``content`` and ``twin``,
    (q,), are the queries' own 64-bit hashes for the judgement of known and unknown, which needs 10 neighbours of other
    content where there are any; None leaves it untold. ``solved`` holds what a joint rule found for these
    queries before.
    """
    if different:
        near = scheme.neighbours(snapshot, rows, distances, hides=hides, own=own)
        rows, distances = rows_behind(snapshot, rows, distances, hides, most=rows.shape[1])
    else:
        near = NeighbourArrays.of(snapshot, rows[:, : scheme.k], distances[:, : scheme.k], own=own)
    if solved is not None:
        near = near.remembering(solved)
    codes, votes = near.codes, scheme.vote_weights(near)
    full, share, margin = _vote(codes, votes, scheme.tie)
    known = np.full(len(rows), UNTOLD, np.int8)
    if content is not None and twin is not None:
        known = _known(snapshot, rows, distances, winner=full, thresholds=thresholds, content=content, twin=twin)
    if scheme.level == 0:
        return Verdicts(snapshot.labels, full, full, share, margin, known)
    names, rolled = _rolled_up(snapshot.labels, scheme.level)
    above = rolled[codes] if len(rolled) else codes
    winner, share, margin = _vote(above, votes, scheme.tie)
    full = _vote(codes, np.where(above == winner[:, None], votes, 0.0), scheme.tie)[0]
    return Verdicts(names, winner, full, share, margin, known)


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


def _known(
    snapshot: Snapshot,
    rows: I64,
    distances: F64,
    *,
    winner: I64,
    thresholds: Thresholds | None,
    content: I64,
    twin: I64,
) -> npt.NDArray[np.int8]:
    """As ``novelty.judge`` for every query."""
    known = np.full(len(rows), UNTOLD, np.int8)
    if snapshot.active_count < FEWEST or thresholds is None or thresholds.different < FEWEST:
        return known
    there = rows != ABSENT
    other = there & ~alike(snapshot, np.maximum(rows, 0), ContentKeys(content[:, None], twin[:, None]))
    order = np.argsort(~other, axis=1, kind="stable")[:, : max(DEPTHS)]
    first = np.take_along_axis(np.where(other, distances, 0.0), order, axis=1)
    most = np.minimum(other.sum(axis=1), np.where(winner == ABSENT, 0, snapshot.counts[winner]))
    running = np.zeros(len(rows))
    statistic, threshold = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    for r in range(first.shape[1]):
        running = running + first[:, r]
        if r + 1 in DEPTHS:
            reached = most >= r + 1
            statistic = np.where(reached, running / (r + 1), statistic)
            threshold = np.where(reached, thresholds.values.get(r + 1, np.nan), threshold)
    told = ~np.isnan(statistic) & ~np.isnan(threshold)
    known[told] = np.where(statistic <= threshold, KNOWN, UNKNOWN)[told]
    known[(there & ~other).any(axis=1) & (winner != ABSENT)] = KNOWN
    return known


def _rolled_up(labels: tuple[str, ...], level: int) -> tuple[tuple[str, ...], I64]:
    """The labels of ``level``, and for each full label the place of its own among them."""
    place: dict[str, int] = {}
    codes = [place.setdefault(at_level(label, level), len(place)) for label in labels]
    return tuple(place), np.array(codes, np.int64)
