"""Counting right answers over blocks of queries, so that memory stays bounded however many queries there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.decision.factor import class_factor
from visualmemory_gui.engine.decision.leave_one_out import Retrieved
from visualmemory_gui.engine.decision.levels import at_level, depth
from visualmemory_gui.engine.decision.votes import Running, weights, winner_at_each_k
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.study.evaluation import (
    Accuracy,
    Calibration,
    Evaluation,
    equal_mass_bins,
    expected_calibration_error,
    fit_reliability,
)
from visualmemory_gui.engine.types import F64, I64, Bools, Rule

NO_ANSWER = -1


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

    def votes(self, rule: Rule) -> F64:
        """(q, k) votes; 0 where there is no neighbour."""
        return np.where(self.there, weights(rule, self.distances) * self.scale, 0.0)


def gather(snapshot: Snapshot, found: Sequence[Retrieved], truth: I64, *, k: int, factor: bool, own: bool) -> Block:
    """Bring retrieved neighbours into arrays of ``k`` columns.

    ``factor`` applies the class factor; ``own`` says that each query is itself an active exemplar of its label, which
    is not counted there.
    """
    rows, there = np.zeros((len(found), k), np.int64), np.zeros((len(found), k), bool)
    distances = np.full((len(found), k), np.inf)
    for i, one in enumerate(found):
        n = min(len(one.rows), k)
        rows[i, :n], distances[i, :n], there[i, :n] = one.rows[:n], one.distances[:n], True
    codes = snapshot.label[rows].astype(np.int64)
    scale = snapshot.trust[rows]
    if factor:
        scale = scale * class_factor(snapshot.counts[codes] - (own & (codes == truth[:, None])))
    return Block(codes, distances, scale, there, truth)


class Counts:
    """Figures over all blocks seen. ``names`` holds the label of each code, those of the truth included.

    ``k`` and ``rule`` are those of calibration and confusion.
    """

    def __init__(self, names: Sequence[str], *, ks: Sequence[int], rules: Sequence[Rule], k: int, rule: Rule) -> None:
        self._names = names
        self._ks = ks
        self._k, self._rule = k, rule
        self._level = level_codes(names)
        self._hits = {(level, r): np.zeros(len(ks), np.int64) for level in self._level for r in rules}
        self._queries = 0
        self._asked: Counter[int] = Counter()
        self._right: Counter[int] = Counter()
        self._pairs: Counter[tuple[int, int]] = Counter()
        self._shares: list[F64] = []
        self._correct: list[Bools] = []
        self._entropy = 0.0

    def add(self, block: Block) -> None:
        """Count one block."""
        self._queries += len(block.truth)
        for k, (there, same) in enumerate(zip(block.there.T, (block.codes == block.truth[:, None]).T, strict=True)):
            self._asked[k] += int(there.sum())
            self._right[k] += int((there & same).sum())
        for level, r in self._hits:
            codes = self._level[level]
            winner = winner_at_each_k(codes[block.codes], block.votes(r)).winner
            hit = winner == codes[block.truth][:, None]
            self._hits[level, r] += hit[:, [min(k, hit.shape[1]) - 1 for k in self._ks]].sum(axis=0)
        self._calibrate(block)

    def _calibrate(self, block: Block) -> None:
        k = min(self._k, block.codes.shape[1])
        codes, votes = block.codes[:, :k], block.votes(self._rule)[:, :k]
        found: Running = winner_at_each_k(codes, votes)
        winner, share = found.winner[:, -1], found.share[:, -1]
        self._pairs.update(zip(block.truth.tolist(), winner.tolist(), strict=True))
        answered = winner != NO_ANSWER
        self._shares.append(share[answered])
        self._correct.append((winner == block.truth)[answered])
        self._entropy += float(entropy_bits(codes[answered], votes[answered]).sum())

    def result(self, *, class_factor: bool) -> Evaluation:
        """All figures. At least one block must have been counted."""
        levels = {level: self._accuracy(level) for level in self._level}
        reliability = tuple(self._right[k] / asked for k, asked in sorted(self._asked.items()) if asked)
        shares, right = np.concatenate(self._shares), np.concatenate(self._correct)
        bins = equal_mass_bins(shares, right)
        entropy = self._entropy / len(shares) if len(shares) else None
        return Evaluation(
            queries=self._queries,
            accuracy=levels[0],
            accuracy_by_level=levels,
            reliability_at_k=reliability,
            reliability_fit=fit_reliability(reliability),
            calibration=Calibration(self._k, self._rule, bins, expected_calibration_error(bins), entropy),
            confusion=self._confusion(),
            class_factor=class_factor,
        )

    def _accuracy(self, level: int) -> Accuracy:
        counted = {r: hits for (at, r), hits in self._hits.items() if at == level}
        return {
            r: {k: int(n) / self._queries for k, n in zip(self._ks, hits, strict=True)} for r, hits in counted.items()
        }

    def _confusion(self) -> dict[str, dict[str, int]]:
        out: dict[str, dict[str, int]] = {}
        for (true, won), n in sorted(self._pairs.items()):
            out.setdefault(self._names[true], {})["" if won == NO_ANSWER else self._names[won]] = n
        return out


def level_codes(names: Sequence[str]) -> dict[int, I64]:
    """For level 0 and each level down to the deepest label: the code there of each full label's code."""
    out = {}
    for level in range(max(map(depth, names), default=0) + 1):
        at = {name: code for code, name in enumerate(dict.fromkeys(at_level(name, level) for name in names))}
        out[level] = np.array([at[at_level(name, level)] for name in names], np.int64)
    return out


def entropy_bits(codes: I64, votes: F64) -> F64:
    """Entropy in bits of the shares that (q, k) ``votes`` give to ``codes``, one a query."""
    order = np.argsort(codes, axis=1, kind="stable")
    ordered, cast = np.take_along_axis(codes, order, axis=1), np.take_along_axis(votes, order, axis=1)
    seats = np.zeros(codes.shape, np.int64)
    seats[:, 1:] = np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=1)
    totals = np.zeros(codes.shape)
    np.add.at(totals, (np.arange(len(codes))[:, None], seats), cast)
    shares = totals / totals.sum(axis=1, keepdims=True)
    out: F64 = -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=1)
    return out
