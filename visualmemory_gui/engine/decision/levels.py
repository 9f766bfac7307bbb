"""Decisions at a level of the label tree: ``animals/birds`` is ``animals`` at level 1; level 0 is the full path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from visualmemory_gui.engine.decision.votes import tally
from visualmemory_gui.engine.decision.voting_rules import TIE
from visualmemory_gui.engine.types import I64, Decision, Neighbour


def at_level(label: str, level: int) -> str:
    """The first ``level`` parts of ``label``; all of it at level 0 or where it is shorter."""
    return "/".join(label.split("/", level)[:level]) if level > 0 else label


def level_in_words(level: int) -> str:
    """ "the full label", "level 1": what a figure was counted at."""
    return f"level {level}" if level else "the full label"


def depth(label: str) -> int:
    """How many parts a label has."""
    return label.count("/") + 1


def roll_up(decision: Decision, level: int) -> Decision:
    """The same vote counted at ``level``: its own winner, by the same tie rule, from the neighbours in rank order.

    Neighbours keep their full labels, and what was found about known or unknown stays. Confidence was calibrated for
    another level and is dropped.
    """
    if level == decision.level:
        return decision
    near = decision.neighbours
    tie = TIE.get(decision.rule, 0.0)
    votes = tally([at_level(n.label, level) for n in near], [n.weight for n in near], tie=tie)
    return replace(
        decision,
        label=votes.winner,
        share=votes.share,
        margin=votes.margin,
        shares=votes.shares,
        confidence=None,
        level=level,
    )


def is_for_winner(neighbour: Neighbour, decision: Decision) -> bool:
    """Whether its class, at the decision's level, is the one that won."""
    return at_level(neighbour.label, decision.level) == decision.label


def shares_by_label(neighbours: Iterable[Neighbour]) -> dict[str, float]:
    """Full label -> its share of the vote, in order of first vote."""
    shares: dict[str, float] = {}
    for neighbour in neighbours:
        shares[neighbour.label] = shares.get(neighbour.label, 0.0) + neighbour.share
    return shares


def winning_label(decision: Decision) -> str | None:
    """The full label that won; at a level, the strongest one below the level's winner."""
    if decision.level == 0:
        return decision.label
    mine = [n for n in decision.neighbours if is_for_winner(n, decision)]
    tie = TIE.get(decision.rule, 0.0)
    return tally([n.label for n in mine], [n.weight for n in mine], tie=tie).winner


def disagrees(full: Decision, rolled: Decision) -> bool:
    """Whether the winner of ``rolled`` is no ancestor of (nor the same as) the winner of ``full``."""
    if full.label is None or rolled.label is None:
        return False
    return at_level(full.label, rolled.level) != rolled.label


def level_codes(names: Sequence[str], level: int) -> I64:
    """The code at ``level`` of each full label's code: labels that are the same there share one."""
    at = {name: code for code, name in enumerate(dict.fromkeys(at_level(name, level) for name in names))}
    return np.array([at[at_level(name, level)] for name in names], np.int64)


def codes_by_level(names: Sequence[str]) -> dict[int, I64]:
    """The same for level 0 and each level down to the deepest label."""
    return {level: level_codes(names, level) for level in range(deepest(names) + 1)}


def deepest(names: Iterable[str]) -> int:
    """The level at which no two labels are the same; 0 without labels."""
    return max(map(depth, names), default=0)
