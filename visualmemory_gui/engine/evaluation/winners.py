"""Who wins among the first k neighbours of many queries: for several schemes, k and levels at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.votes import Seated, winners_of
from visualmemory_gui.engine.decision.voting_rules import RuleParameters, parameters_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.types import F64, I64, Rule

AT_ONCE = 512
"""Queries of which all pairs of neighbours are compared, and the cosines kept: k x k x 8 bytes each."""
PAIRS = 60_000_000
"""Pairs of which the cosines are kept at once: half a gigabyte."""


def at_once(k: int) -> int:
    """How many queries with ``k`` neighbours each are compared at once, at least one."""
    return max(1, min(AT_ONCE, PAIRS // max(k, 1) ** 2))


def variants(scheme: VotingScheme) -> list[VotingScheme]:
    """``scheme`` with all values of its rule's parameters that are worth comparing, each with each other."""
    named = parameters_of(scheme.rule)
    return [scheme.with_parameters(**dict(zip(named, values, strict=True))) for values in product(*named.values())]


def winners_at_each_k(
    near: NeighbourArrays,
    schemes: Sequence[VotingScheme],
    ks: Sequence[int],
    named: Sequence[I64],
    *,
    together: NeighbourArrays | None = None,
) -> I64:
    """The codes that win, (levels, schemes, q, len(ks)); ABSENT where no vote has any weight. The k of ``schemes`` does
    not matter.

    Each of ``named`` maps full labels' codes to those of a level. ``together`` are the neighbours for joint rules where
    they are others, all exemplars of the nearest vectors. They are compared with each other once, and solved once for
    schemes that differ in their class factor alone.
    """
    won = np.empty((len(named), len(schemes), len(near.distances), len(ks)), np.int64)
    joint = [place for place, scheme in enumerate(schemes) if scheme.joint]
    seated = [Seated(codes[near.codes]) for codes in named] if len(joint) < len(schemes) else []
    width = near.distances.shape[1]
    for place in set(range(len(schemes))).difference(joint):
        votes = schemes[place].vote_weights(near)
        for level, seats in enumerate(seated):
            won[level, place] = seats.winners(votes, [min(k, width) for k in ks])
    if not joint:
        return won
    together = near if together is None else together
    if together.compared:
        together.cosines  # noqa: B018  # once for every k
    for column, k in enumerate(ks):
        first = together.first_vectors(k)
        codes = [one[first.codes] for one in named]
        for place, votes in zip(joint, _votes(first, [schemes[place] for place in joint]), strict=True):
            for level, of_level in enumerate(codes):
                won[level, place, :, column] = winners_of(of_level, votes, tie=schemes[place].tie)[0]
    return won


def _votes(near: NeighbourArrays, schemes: Sequence[VotingScheme]) -> Iterator[F64]:
    """What votes weigh by each of ``schemes``; what the rule says of equal parameters is found once."""
    found: dict[tuple[Rule, RuleParameters], F64] = {}
    for scheme in schemes:
        rule = scheme.rule, scheme.parameters
        if rule not in found:
            found[rule] = scheme.rule_weights(near)
        yield scheme.vote_weights(near, by_rule=found[rule])
