"""From retrieved neighbours to a decision. This runs for every query, so it keeps to a few small array reads."""

from __future__ import annotations

from collections.abc import Mapping

from visualmemory_gui.engine.decision.factor import factors_of
from visualmemory_gui.engine.decision.levels import roll_up
from visualmemory_gui.engine.decision.novelty import Thresholds, judge
from visualmemory_gui.engine.decision.votes import tally, weights_of_one
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Decision, Neighbour, SearchInfo


def decide(
    snapshot: Snapshot,
    rows: I64,
    distances: F64,
    scheme: VotingScheme,
    *,
    novelty: Thresholds | None = None,
    content: int = 0,
    twin: int = 0,
    search: SearchInfo | None = None,
    timings: Mapping[str, float] | None = None,
) -> Decision:
    """Let the first k of ``rows`` vote (rows of active exemplars, nearest first, and their ``distances``).

    Rows beyond k have no vote but serve the judgement of known or unknown, which looks at up to 10 neighbours of other
    content than the query's; ``novelty``, ``content`` and ``twin`` are handed to ``novelty.judge``.
    """
    first, near_to = rows[: scheme.k], distances[: scheme.k]
    codes = snapshot.label[first]
    factors = factors_of(snapshot.counts[codes].tolist()) if scheme.class_factor else [1.0] * len(first)
    seats = codes.tolist()
    near = _neighbours(
        snapshot, first, near_to, codes=seats, votes=weights_of_one(scheme.rule, near_to), factors=factors
    )
    votes = tally(seats, [n.weight for n in near])
    known, why = judge(snapshot, rows, distances, winner=votes.winner, thresholds=novelty, content=content, twin=twin)
    names = snapshot.labels
    decision = Decision(
        label=None if votes.winner is None else names[votes.winner],
        share=votes.share,
        margin=votes.margin,
        shares={names[code]: share for code, share in votes.shares.items()},
        known=known,
        confidence=None,
        neighbours=near,
        k=scheme.k,
        rule=scheme.rule,
        novelty=why,
        search=search,
        timings_ms={} if timings is None else timings,
    )
    return roll_up(decision, scheme.level)


def _neighbours(
    snapshot: Snapshot, rows: I64, distances: F64, *, codes: list[int], votes: list[float], factors: list[float]
) -> tuple[Neighbour, ...]:
    """``votes`` are those of the rule alone. For ten neighbours plain numbers are faster than arrays."""
    trust = snapshot.trust[rows].tolist()
    cast = [vote * (trusted * factor) for vote, trusted, factor in zip(votes, trust, factors, strict=True)]
    total = 0.0
    for vote in cast:  # not sum(): it compensates, and the shares must be those of the plain sum in rank order
        total += vote
    ids, apart, names = snapshot.ids[rows].tolist(), distances.tolist(), snapshot.labels
    columns = zip(ids, codes, apart, cast, trust, factors, strict=True)
    return tuple(
        [
            Neighbour(i, rank, names[code], distance, vote, vote / total if total else 0.0, trusted, factor)
            for rank, (i, code, distance, vote, trusted, factor) in enumerate(columns, 1)
        ]
    )
