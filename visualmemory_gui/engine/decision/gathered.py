"""The neighbours of many queries as arrays, ready to be counted under any rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import Retrieved
from visualmemory_gui.engine.decision.levels import at_level, depth
from visualmemory_gui.engine.decision.many import vote_scale
from visualmemory_gui.engine.decision.votes import RuleOptions, weights
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools, Rule


@dataclass(frozen=True, slots=True)
class Block:
    """The neighbours of q queries, each (q, k) in rank order; where a list is shorter, ``there`` is False.

    ``codes`` are codes of full labels, ``scale`` is trust times class factor. ``truth`` (q,) holds the right codes.
    """

    codes: I64
    distances: F64
    scale: F64
    there: Bools
    truth: I64

    def votes(self, rule: Rule, options: RuleOptions | None = None) -> F64:
        """(q, k) votes; 0 where there is no neighbour."""
        return np.where(self.there, weights(rule, self.distances, **(options or {})) * self.scale, 0.0)


def gather(
    snapshot: Snapshot, found: Sequence[Retrieved], truth: I64, *, k: int, factor: bool, own: I64 | None
) -> Block:
    """Bring retrieved neighbours into arrays of ``k`` columns.

    ``factor`` applies the class factor, ``own`` is for ``vote_scale``.
    """
    rows, there = np.zeros((len(found), k), np.int64), np.zeros((len(found), k), bool)
    distances = np.full((len(found), k), np.inf)
    for i, one in enumerate(found):
        n = min(len(one.rows), k)
        rows[i, :n], distances[i, :n], there[i, :n] = one.rows[:n], one.distances[:n], True
    codes = snapshot.label[rows].astype(np.int64)
    scale = vote_scale(snapshot, rows, codes, class_factor=factor, own=own)
    return Block(codes, distances, scale, there, truth)


def level_codes(names: Sequence[str], level: int) -> I64:
    """The code at ``level`` of each full label's code: labels that are the same there share one."""
    at = {name: code for code, name in enumerate(dict.fromkeys(at_level(name, level) for name in names))}
    return np.array([at[at_level(name, level)] for name in names], np.int64)


def codes_by_level(names: Sequence[str]) -> dict[int, I64]:
    """The same for level 0 and each level down to the deepest label."""
    return {level: level_codes(names, level) for level in range(deepest(names) + 1)}


def deepest(names: Sequence[str]) -> int:
    """The level at which every label is told from every other; 0 without labels."""
    return max(map(depth, names), default=0)
