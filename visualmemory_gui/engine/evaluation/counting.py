"""Counting right answers over blocks of queries, so that memory stays bounded however many queries there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from visualmemory_gui.engine.decision.confidence import fit
from visualmemory_gui.engine.decision.levels import at_level, deepest, level_codes
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.votes import ABSENT, seats, winners_of
from visualmemory_gui.engine.decision.voting_rules import parameters_of
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
from visualmemory_gui.engine.evaluation.winners import winners_at_each_k
from visualmemory_gui.engine.types import F64, I64, Bools, Rule

Value = tuple[Rule, str, float]
"""A rule, one of its parameters, and a value of it."""


class Counts:
    """Figures over all blocks counted so far. ``names`` holds the label of each code, including those of the truth.

    ``scheme`` is that of calibration and confusion, which use full labels whatever its level.
    """

    def __init__(self, names: Sequence[str], *, ks: Sequence[int], rules: Sequence[Rule], scheme: VotingScheme) -> None:
        self._ks = ks
        self._scheme = scheme
        self._schemes = {rule: replace(scheme, rule=rule) for rule in rules}
        bottom = deepest(names)
        self._codes = {level: level_codes(names, level) for level in range(bottom)}
        self._levels = (*range(bottom), bottom)
        self._hits = {(level, rule): np.zeros(len(ks), np.int64) for level in self._codes for rule in rules}
        self._sweeps_of = {rule: _sweep(one) for rule, one in self._schemes.items()}
        self._swept = {value: np.zeros(len(ks), np.int64) for one in self._sweeps_of.values() for value in one}
        self._swept_queries = dict.fromkeys(rules, 0)
        self._asked: Counter[int] = Counter()
        self._right: Counter[int] = Counter()
        self._winner: dict[int, list[I64]] = {level: [] for level in self._codes}
        self._share: dict[int, list[F64]] = {level: [] for level in self._codes}
        self._entropy = 0.0

    def add(self, near: NeighbourArrays, truth: I64, sampled: Bools, *, together: NeighbourArrays) -> None:
        """Count one block: the neighbours of q queries, (q, k), and the right codes ``truth``, (q,).

        ``together`` are all exemplars of the k nearest vectors, among which joint rules weigh votes. Of these rules,
        whose votes take long to find, parameters are varied only where ``sampled``, (q,).
        """
        there, same = near.there, near.codes == truth[:, None]
        for k, (asked, right) in enumerate(zip(there.sum(axis=0), (there & same).sum(axis=0), strict=True)):
            self._asked[k] += int(asked)
            self._right[k] += int(right)
        schemes, levels = list(self._schemes.values()), list(self._codes.values())
        won = winners_at_each_k(near, schemes, self._ks, levels, together=together)
        for hit, (level, at) in zip(won, self._codes.items(), strict=True):
            for rule, of_rule in zip(self._schemes, hit, strict=True):
                self._hits[level, rule] += (of_rule == at[truth][:, None]).sum(axis=0)
        every = np.ones(len(truth), np.bool_)
        for rule, scheme in self._schemes.items():
            self._sweep(rule, together if scheme.joint else near, truth, sampled if scheme.joint else every)
        self._calibrate(together if self._scheme.joint else near)

    def _sweep(self, rule: Rule, near: NeighbourArrays, truth: I64, which: Bools) -> None:
        """Count the queries ``which`` with each value of the rule's parameters, at the full label."""
        if not which.any():
            return
        near, truth, swept = near.part(np.flatnonzero(which)), truth[which], self._sweeps_of[rule]
        [won] = winners_at_each_k(near, list(swept.values()), self._ks, [self._codes[0]])
        for value, of_value in zip(swept, won, strict=True):
            self._swept[value] += (of_value == truth[:, None]).sum(axis=0)
        self._swept_queries[rule] += len(truth)

    def _calibrate(self, near: NeighbourArrays) -> None:
        near = self._scheme.first(near)
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
            sweeps=self._sweeps(),
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

    def _sweeps(self) -> tuple[Sweep, ...]:
        values: dict[tuple[Rule, str], dict[float, dict[int, float]]] = {}
        for (rule, name, value), hits in self._swept.items():
            values.setdefault((rule, name), {})[value] = self._by_k(hits, max(self._swept_queries[rule], 1))
        return tuple(
            Sweep(rule, name, found, self._swept_queries[rule], used=getattr(self._scheme.parameters, name))
            for (rule, name), found in values.items()
        )


def _sweep(scheme: VotingScheme) -> dict[Value, VotingScheme]:
    """``scheme`` with other values of one of its rule's parameters at a time; its own value is among them."""
    return {
        (scheme.rule, name, value): scheme.with_parameters(**{name: value})
        for name, values in parameters_of(scheme.rule).items()
        for value in sorted({*values, getattr(scheme.parameters, name)})
    }


def entropy_bits(codes: I64, votes: F64) -> F64:
    """Entropy in bits of the shares that (q, k) ``votes`` give to ``codes``, one per query."""
    totals, numbered = np.zeros(codes.shape), seats(codes)
    np.add.at(totals, (np.arange(len(codes))[:, None], numbered), votes)
    shares = totals / totals.sum(axis=1, keepdims=True)
    out: F64 = -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=1)
    return out
