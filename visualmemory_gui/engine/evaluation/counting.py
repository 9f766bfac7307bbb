"""Counting right answers over blocks of queries, so that memory stays bounded however many queries there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from visualmemory_gui.engine.decision.confidence import fit
from visualmemory_gui.engine.decision.levels import at_level, deepest, level_codes
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.ridge import AT_ONCE
from visualmemory_gui.engine.decision.votes import (
    ABSENT,
    Seated,
    seats,
    winners_of,
)
from visualmemory_gui.engine.decision.voting_rules import PARAMETER, USUAL
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation.evaluation import (
    Accuracy,
    Calibration,
    Evaluation,
    Outcomes,
    Sweep,
    calibrate,
    equal_mass_bins,
    expected_calibration_error,
    fit_reliability,
)
from visualmemory_gui.engine.evaluation.query_set import QuerySet
from visualmemory_gui.engine.types import F64, I64, Rule

SWEPT: Mapping[Rule, tuple[float, ...]] = {
    "distance": (USUAL.exponent, 2.0, 5.0, 10.0, 20.0, 50.0),
    "softmax": (0.01, 0.02, 0.04, USUAL.temperature, 0.15, 0.3, 1.0),
    "rank": (0.5, 1.0, USUAL.offset, 4.0, 8.0, 16.0),
}
"""The values of each rule's parameter to try; the default is among them."""


class Counts:
    """Figures over all blocks counted so far. ``names`` holds the label of each code, including those of the truth.

    ``scheme`` is that of calibration and confusion, which use full labels whatever its level.
    """

    def __init__(self, names: Sequence[str], *, ks: Sequence[int], rules: Sequence[Rule], scheme: VotingScheme) -> None:
        self._ks = ks
        self._scheme = scheme
        bottom = deepest(names)
        self._codes = {level: level_codes(names, level) for level in range(bottom)}
        self._levels = (*range(bottom), bottom)
        self._hits = {(level, rule): np.zeros(len(ks), np.int64) for level in self._codes for rule in rules}
        self._swept = {(r, value): np.zeros(len(ks), np.int64) for r in rules if r in SWEPT for value in SWEPT[r]}
        self._asked: Counter[int] = Counter()
        self._right: Counter[int] = Counter()
        self._winner: dict[int, list[I64]] = {level: [] for level in self._codes}
        self._share: dict[int, list[F64]] = {level: [] for level in self._codes}
        self._entropy = 0.0

    def add(self, near: NeighbourArrays, truth: I64) -> None:
        """Count one block: the neighbours of q queries, (q, k), and the right codes ``truth``, (q,)."""
        there, same = near.there, near.codes == truth[:, None]
        for k, (asked, right) in enumerate(zip(there.sum(axis=0), (there & same).sum(axis=0), strict=True)):
            self._asked[k] += int(asked)
            self._right[k] += int(right)
        rules = dict.fromkeys(rule for _, rule in self._hits)
        schemes = {rule: replace(self._scheme, rule=rule) for rule in rules}
        votes = {rule: scheme.vote_weights(near) for rule, scheme in schemes.items() if not scheme.joint}
        joint = {rule: self._votes_at_each_k(near, scheme) for rule, scheme in schemes.items() if scheme.joint}
        for level, at in self._codes.items():
            seated, right = Seated(at[near.codes]), at[truth]
            for rule in votes:
                self._hits[level, rule] += self._hit(seated, right, votes[rule])
            for rule, at_k in joint.items():
                won = [winners_of(at[near.codes[:, : cast.shape[1]]], cast, tie=schemes[rule].tie)[0] for cast in at_k]
                self._hits[level, rule] += (np.stack(won, axis=1) == right[:, None]).sum(axis=0)
            if level == 0:
                for rule, value in self._swept:
                    swept = schemes[rule].with_parameter(value).vote_weights(near)
                    self._swept[rule, value] += self._hit(seated, right, swept)
        self._calibrate(near)

    def _votes_at_each_k(self, near: NeighbourArrays, scheme: VotingScheme) -> list[F64]:
        """What the votes weigh among the first so many neighbours alone, (q, k) for each of ``ks``."""
        found: list[list[F64]] = [[] for _ in self._ks]
        for part in near.parts(AT_ONCE):
            if part.compared:
                part.cosines  # noqa: B018  # once for all k
            for place, k in enumerate(self._ks):
                found[place].append(scheme.vote_weights(part.first(k)))
        return [np.concatenate(blocks) for blocks in found]

    def _hit(self, seated: Seated, truth: I64, votes: F64) -> I64:
        """How many of the queries are right at each of ``ks``."""
        won = seated.winners(votes, [min(k, votes.shape[1]) for k in self._ks])
        hits: I64 = (won == truth[:, None]).sum(axis=0)
        return hits

    def _calibrate(self, near: NeighbourArrays) -> None:
        near = near.first(self._scheme.k)
        codes, votes = near.codes, self._scheme.vote_weights(near)
        for level, at in self._codes.items():
            winner, share = winners_of(at[codes], votes, tie=self._scheme.tie)
            self._winner[level].append(winner)
            self._share[level].append(share)
        answered = self._winner[0][-1] != ABSENT
        self._entropy += float(entropy_bits(codes[answered], votes[answered]).sum())

    def result(self, asked: QuerySet) -> Evaluation:
        """All figures. ``asked`` are the queries of all blocks, at least one, in order."""
        queries, scheme = len(asked), self._scheme
        levels = {level: self._accuracy(level, queries) for level in self._levels}
        reliability = tuple(self._right[k] / asked for k, asked in sorted(self._asked.items()) if asked)
        outcomes = {level: self._outcomes(level, asked) for level in self._codes}
        winner, share = outcomes[0].winner, outcomes[0].share
        answered = winner != ABSENT
        bins = equal_mass_bins(share[answered], outcomes[0].right[answered])
        entropy = self._entropy / int(answered.sum()) if answered.any() else None
        confidence = fit(share[answered], outcomes[0].right[answered], scheme)
        return Evaluation(
            queries=queries,
            accuracy=levels[0],
            accuracy_by_level=levels,
            reliability_at_k=reliability,
            reliability_fit=fit_reliability(reliability),
            calibration=Calibration(scheme.k, scheme.rule, bins, expected_calibration_error(bins), entropy),
            confusion=outcomes[0].confusion,
            class_factor=scheme.class_factor,
            per_class=outcomes[0].per_class,
            sweeps=self._sweeps(queries),
            confidence=calibrate(outcomes[0], confidence),
            outcomes_by_level=outcomes,
            query_set=asked.digest,
        )

    def _outcomes(self, level: int, asked: QuerySet) -> Outcomes:
        at = self._codes[level]
        return Outcomes(
            tuple(dict.fromkeys(at_level(name, level) for name in asked.names)),
            asked.ids,
            at[asked.truth],
            np.concatenate(self._winner[level]),
            np.concatenate(self._share[level]),
            unit=asked.unit,
            key=asked.key,
            change=asked.snapshot.change,
            seen=asked.snapshot.ids,
        )

    def _accuracy(self, level: int, queries: int) -> Accuracy:
        """The accuracy at ``level``; the deepest is counted as level 0, since every label is itself there."""
        counted = {r: hits for (at, r), hits in self._hits.items() if at == (level if level in self._codes else 0)}
        return {rule: self._by_k(hits, queries) for rule, hits in counted.items()}

    def _by_k(self, hits: I64, queries: int) -> dict[int, float]:
        return {k: int(n) / queries for k, n in zip(self._ks, hits, strict=True)}

    def _sweeps(self, queries: int) -> dict[Rule, Sweep]:
        values: dict[Rule, dict[float, dict[int, float]]] = {}
        for (rule, value), hits in self._swept.items():
            values.setdefault(rule, {})[value] = self._by_k(hits, queries)
        return {rule: Sweep(PARAMETER[rule], found) for rule, found in values.items()}


def entropy_bits(codes: I64, votes: F64) -> F64:
    """Entropy in bits of the shares that (q, k) ``votes`` give to ``codes``, one per query."""
    totals, numbered = np.zeros(codes.shape), seats(codes)
    np.add.at(totals, (np.arange(len(codes))[:, None], numbered), votes)
    shares = totals / totals.sum(axis=1, keepdims=True)
    out: F64 = -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=1)
    return out
