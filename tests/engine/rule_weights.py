"""What the votes of neighbours weigh by the rule alone, for tests."""

from __future__ import annotations

from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.voting_rules import RuleParameters
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.types import F64, Rule


def weights(rule: Rule, distances: F64, **parameters: float) -> F64:
    """(k,) or (q, k) votes at ``distances`` of neighbours whose trust and class factor are 1."""
    scheme = VotingScheme(rule, parameters=RuleParameters(**parameters))
    return scheme.vote_weights(NeighbourArrays.plain(distances))
