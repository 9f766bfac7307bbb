"""From retrieved neighbours to a decision. This runs for every query, so it keeps to a few small array reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from visualmemory_gui.engine.decision.class_sets import ClassSets
from visualmemory_gui.engine.decision.confidence import Confidence
from visualmemory_gui.engine.decision.leave_one_out import UNRELATED, Related
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.novelty import UNTOLD, Thresholds, in_words, judge
from visualmemory_gui.engine.decision.votes import ABSENT, tally
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Decision, Neighbour, SearchInfo

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
    confidence: Confidence | None = None,
    sets: ClassSets | None = None,
    related: Related = UNRELATED,
    search: SearchInfo | None = None,
    timings: Mapping[str, float] | None = None,
) -> Decision:
    """Let the first k of ``rows`` vote (rows of active exemplars, nearest first, and their ``distances``).

    Under a joint rule all exemplars of the first k different vectors vote. Rows beyond have no vote but serve the
    judgement of known or unknown, which looks at up to 10 neighbours of other content than the query's; ``novelty`` and
    ``related``, (1, rows), are for ``novelty.judge``. ``own``, (), is the class of which the query is itself an
    exemplar that is left out (``others_counted``). A query that votes for itself has no class set: ``sets`` were
    measured on others.
    """
    voters = scheme.voters(snapshot, rows)
    first, distances_of_first = rows[voters], distances[voters]
    near = NeighbourArrays.of(snapshot, first, distances_of_first, own=own)
    alone = scheme.rule_weights(near)
    by_rule = alone.tolist()
    neighbours = _neighbours(snapshot, first, near, scheme, alone)
    labels, weights = [n.label for n in neighbours], [n.weight for n in neighbours]
    named = [at_level(label, scheme.level) for label in labels] if scheme.level else labels
    votes = tally(named, weights, tie=scheme.tie)
    full = tally(labels, weights, tie=scheme.tie).winner if scheme.level else votes.winner
    judged = judge(
        snapshot,
        rows,
        distances,
        scheme,
        winner=ABSENT if full is None else int(near.codes[labels.index(full)]),
        total=_total(named, by_rule, votes.winner),
        thresholds=novelty,
        related=related,
        own=None if own is None else int(own),
    )
    return Decision(
        label=votes.winner,
        share=votes.share,
        margin=votes.margin,
        shares=votes.shares,
        known=(None, False, True)[judged.known - UNTOLD],
        confidence=_chance(confidence, votes.share, scheme),
        neighbours=neighbours,
        k=scheme.k,
        rule=scheme.rule,
        level=scheme.level,
        novelty=in_words(judged, novelty, votes.winner),
        class_set=None if sets is None or judged.equal else sets.of(labels, by_rule, scheme, votes.winner),
        search=search,
        timings_ms={} if timings is None else timings,
    )


def _chance(known: Confidence | None, share: float | None, scheme: VotingScheme) -> float | None:
    """The chance that such an answer is right, where the map was fitted for this scheme."""
    return None if known is None or share is None or known.scheme != scheme else known.of(share)


def _total(named: list[str], alone: list[float], winner: str | None) -> float:
    """What the votes for the winner come to, before trust and class factor: ``novelty.total_of`` in plain numbers."""
    total = 0.0
    for label, weight in zip(named, alone, strict=True):
        if label == winner:
            total += weight
    return total


def _neighbours(
    snapshot: Snapshot, rows: I64, near: NeighbourArrays, scheme: VotingScheme, alone: F64
) -> tuple[Neighbour, ...]:
    by_class = scheme.class_factors(near)
    weights = scheme.vote_weights(near, by_rule=alone, factors=by_class).tolist()
    total = 0.0
    for weight in weights:  # not sum(): it compensates, and the shares must be those of the plain sum in rank order
        total += weight
    explains, copies = _meaning(near, alone) if scheme.joint and len(rows) else ([None] * len(rows), [0] * len(rows))
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
            by_class.tolist(),
            explains,
            copies,
        )
    )


def _meaning(near: NeighbourArrays, alone: F64) -> tuple[Sequence[float | None], Sequence[int]]:
    """Which part each neighbour explains, and how many of its near copies do too."""
    different, of = near.many.vectors
    at = np.arange(len(alone)) if of is None else of[0]
    speaks = alone > 0.0
    alike = different.cosines[0] >= 1.0 - NEAR_COPY
    shared = (alike @ np.bincount(at, speaks, minlength=len(alike)).astype(np.int64))[at] - speaks
    total = float(alone.sum())
    return (alone / total if total else alone).tolist(), shared.tolist()
