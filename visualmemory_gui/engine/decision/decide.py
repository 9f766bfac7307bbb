"""From retrieved neighbours to a decision. This runs for every query, so it keeps to a few small array reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from visualmemory_gui.engine.decision.levels import roll_up
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.novelty import Thresholds, judge
from visualmemory_gui.engine.decision.votes import tally
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools, Decision, Neighbour, SearchInfo

NEAR_COPY = 0.05
"""Neighbours at no larger distance from each other are near copies."""


def decide(
    snapshot: Snapshot,
    rows: I64,
    distances: F64,
    scheme: VotingScheme,
    *,
    own: I64 | None = None,
    novelty: Thresholds | None = None,
    content: int = 0,
    twin: int = 0,
    search: SearchInfo | None = None,
    timings: Mapping[str, float] | None = None,
) -> Decision:
    """Let the first k of ``rows`` vote (rows of active exemplars, nearest first, and their ``distances``).

    Under a joint rule all exemplars of the first k different vectors vote. Rows beyond have no vote but serve the
    judgement of known or unknown, which looks at up to 10 neighbours of other content than the query's; ``novelty``,
    ``content`` and ``twin`` are handed to ``novelty.judge``. ``own``, (), is the class of which the query is itself an
    exemplar that is left out (``others_counted``).
    """
    voters = scheme.voters(snapshot, rows)
    first, distances_of_first = rows[voters], distances[voters]
    near = NeighbourArrays.of(snapshot, first, distances_of_first, own=own)
    neighbours = _neighbours(snapshot, first, near, scheme)
    codes: list[int] = near.codes.tolist()
    votes = tally(codes, [n.weight for n in neighbours], tie=scheme.tie)
    of_winner = None if votes.winner is None else int(near.counts[codes.index(votes.winner)])
    known, why = judge(
        snapshot, rows, distances, of_winner=of_winner, thresholds=novelty, content=content, twin=twin, own=own
    )
    names = snapshot.labels
    decision = Decision(
        label=None if votes.winner is None else names[votes.winner],
        share=votes.share,
        margin=votes.margin,
        shares={names[code]: share for code, share in votes.shares.items()},
        known=known,
        confidence=None,
        neighbours=neighbours,
        k=scheme.k,
        rule=scheme.rule,
        novelty=why,
        search=search,
        timings_ms={} if timings is None else timings,
    )
    return roll_up(decision, scheme.level)


def _neighbours(snapshot: Snapshot, rows: I64, near: NeighbourArrays, scheme: VotingScheme) -> tuple[Neighbour, ...]:
    alike = near.cosines >= 1.0 - NEAR_COPY if scheme.joint and len(rows) else None
    votes = scheme.vote_weights(near)
    weights = votes.tolist()
    total = 0.0
    for weight in weights:  # not sum(): it compensates, and the shares must be those of the plain sum in rank order
        total += weight
    factors = scheme.class_factors(near).tolist()
    explains, copies = _meaning(near, scheme, votes, alike)
    return tuple(
        map(
            Neighbour,
            snapshot.ids[rows].tolist(),
            range(1, len(rows) + 1),
            [snapshot.labels[code] for code in near.codes.tolist()],
            near.distances.tolist(),
            weights,
            [weight / total if total else 0.0 for weight in weights],
            near.trust.tolist(),
            factors,
            explains,
            copies,
        )
    )


def _meaning(
    near: NeighbourArrays, scheme: VotingScheme, votes: F64, alike: Bools | None
) -> tuple[Sequence[float | None], Sequence[int]]:
    """Which part each neighbour explains, and how many of its near copies do too, if their rule is a joint one.

    ``alike`` (k, k) says which are near copies of each other.
    """
    if alike is None:
        return [None] * len(votes), [0] * len(votes)
    alone = votes / scheme.vote_scale(near)
    total = float(alone.sum())
    shared = (alike & (alone > 0.0)).sum(axis=1) - (alone > 0.0)
    return (alone / total if total else alone).tolist(), shared.tolist()
