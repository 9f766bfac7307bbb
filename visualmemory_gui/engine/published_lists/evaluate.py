"""How often decisions on published neighbour lists are right, under every rule and every k, plain and pruned.

Excluded neighbours do not advance the rank. At k, either the first k *positions* of a list are used, some of them
excluded, as the paper's notebook does; or the places are *refilled* from further down the list, as a memory without the
exemplars would do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.decision.votes import winner_at_each_k
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme, require_k
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.counting import entropy_bits
from visualmemory_gui.engine.evaluation.evaluation import (
    Calibration,
    ClassFigures,
    equal_mass_bins,
    expected_calibration_error,
    fit_reliability,
)
from visualmemory_gui.engine.evaluation.pruning_rules import SOFT_M, soft_trust
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.published_lists import prune
from visualmemory_gui.engine.published_lists.evaluation import ByK, ListEvaluation, PrunedFigures, Pruning, Way
from visualmemory_gui.engine.published_lists.lists import (
    ABSENT,
    AS_GIVEN,
    ListBlock,
    ListReading,
    PublishedLists,
    Vocabulary,
    read_lists,
)
from visualmemory_gui.engine.published_lists.vote import kept_only, list_scheme, winners_at_each_k
from visualmemory_gui.engine.types import F64, I64, PAPER_RULES, Bools, Rule

KS = (1, 5, 10, 20, 50, 100)
CALIBRATED_K = 10
ParameterGrids = Mapping[Rule, Sequence[float]]
"""The values of each rule's parameter to try."""


def evaluate_lists(
    neighbours: str | Path,
    train: str | Path | None = None,
    *,
    ks: Sequence[int] = KS,
    rules: Sequence[Rule] = PAPER_RULES,
    m: int | None = None,
    n: int | None = None,
    reading: ListReading = AS_GIVEN,
    grids: ParameterGrids | None = None,
    report: Report = silent,
) -> ListEvaluation:
    """Evaluate the lists of the file ``neighbours``, also pruned if ``train`` has those of the exemplars themselves.

    ``m`` and ``n`` are the paper's for hard pruning (there 100 and 128); by default they are chosen from ``train``.
    ``train`` is always read without own neighbours, and of ``reading`` takes the equal length. The accuracy with every
    value of ``grids`` is measured too. Raises BadValue, Cancelled.
    """
    require_k(min(ks, default=1))
    for rule in rules:
        list_scheme(rule)
    vocabulary = Vocabulary()
    trained = None
    if train is not None:
        as_trained = ListReading(without_own=True, equal_length=reading.equal_length)
        exemplars = read_lists(train, vocabulary=vocabulary, reading=as_trained, report=report)
        trained = _trained(exemplars, m=m, n=n)
    lists = read_lists(neighbours, vocabulary=vocabulary, reading=reading, report=report)
    if not lists.width:
        raise BadValue(f"{neighbours} holds no neighbour")
    counter, done = _Counter(lists, rules, ks=ks, grids=grids or {}, reading=reading), 0
    for block in lists.blocks:
        report(done, lists.queries, "evaluating")
        for way, seen in _ways(block, trained):
            counter.add(block, way, seen)
        done += len(block)
    report(done, lists.queries, "evaluating")
    if trained is None:
        return counter.result(None)
    judged = int(np.isin(lists.prints(), trained.prints).sum())
    return counter.result(replace(trained.told, judged=judged))


@dataclass(frozen=True, slots=True)
class _Trained:
    """The result of pruning by the exemplars' own lists, for each exemplar by code: whether it goes, and its trust."""

    out: Bools
    trust: F64
    told: Pruning
    prints: I64


def _trained(lists: PublishedLists, *, m: int | None, n: int | None) -> _Trained:
    m = prune.usual_m(lists) if m is None else m
    wrong = prune.count(lists, m).wrong
    least = prune.usual_n(wrong, lists.queries) if n is None else n
    out = wrong >= least
    trust = soft_trust(prune.count(lists, SOFT_M).wrong)
    told = Pruning(m, least, lists.queries, int(out.sum()), lists.own_removed)
    return _Trained(out, trust, told, lists.prints())


@dataclass(frozen=True, slots=True)
class _Seen:
    """One way to vote on a block: which neighbours are ``kept``, and their trust. All arrays are (q, w)."""

    codes: I64
    distances: F64
    kept: Bools
    trusted: F64


def _ways(block: ListBlock, trained: _Trained | None) -> Iterator[tuple[Way, _Seen]]:
    there, every = block.ids != ABSENT, np.ones(block.ids.shape)
    codes, distances = np.maximum(block.classes, 0).astype(np.int64), block.distances.astype(np.float64)
    yield "plain", _Seen(codes, distances, there, every)
    if trained is None:
        return
    known = (block.ids >= 0) & (block.ids < len(trained.out))
    at = np.where(known, block.ids, 0)
    yield "soft", _Seen(codes, distances, there, np.where(known, trained.trust[at], 1.0))
    kept = there & ~(known & trained.out[at])
    kept |= there & ~kept.any(axis=1, keepdims=True)  # where all of a list would be excluded, none is
    yield "positions", _Seen(codes, distances, kept, every)
    order = np.argsort(~kept, axis=1, kind="stable")
    codes, distances, kept = (np.take_along_axis(one, order, axis=1) for one in (codes, distances, kept))
    yield "refill", _Seen(codes, distances, kept, every)


class _Counter:
    """Counts right answers by way, rule and k, and records those at the fixed ``ks`` for paired intervals."""

    def __init__(
        self,
        lists: PublishedLists,
        rules: Sequence[Rule],
        *,
        ks: Sequence[int],
        grids: ParameterGrids,
        reading: ListReading,
    ) -> None:
        self._lists, self._rules, self._reading = lists, rules, reading
        swept = ((rule, value) for rule in rules for value in grids.get(rule, ()))
        self._swept = {(rule, value): np.zeros(lists.width, np.int64) for rule, value in swept}
        self._ks = tuple(dict.fromkeys(ks))
        self._places = [min(k, lists.width) - 1 for k in self._ks]
        self._k, self._rule = min(CALIBRATED_K, lists.width), "rank" if "rank" in rules else rules[-1]
        self._hits: dict[tuple[Way, Rule], I64] = {}
        self._right: dict[tuple[Way, Rule], list[Bools]] = {}
        self._asked, self._same = (np.zeros(lists.width, np.int64) for _ in range(2))
        self._share: list[F64] = []
        self._answer: list[Bools] = []
        self._entropy = 0.0

    def add(self, block: ListBlock, way: Way, seen: _Seen) -> None:
        """Count one block, voted on in one way."""
        for rule in self._rules:
            right = self._right_at_each_k(block, list_scheme(rule), seen)
            self._hits[way, rule] = self._hits.get((way, rule), 0) + right.sum(axis=0)
            self._right.setdefault((way, rule), []).append(right[:, self._places])
            if way == "plain" and rule == self._rule:
                self._answer.append(right[:, self._k - 1])
                self._calibrate(seen)
        if way == "plain":
            for (rule, value), hits in self._swept.items():
                hits += self._right_at_each_k(block, list_scheme(rule, value), seen).sum(axis=0)
            width = block.ids.shape[1]
            self._asked[:width] += seen.kept.sum(axis=0)
            self._same[:width] += block.hits(block.classes).sum(axis=0)

    def _right_at_each_k(self, block: ListBlock, scheme: VotingScheme, seen: _Seen) -> Bools:
        """(q, width)"""
        winner = winners_at_each_k(scheme, seen.codes, distances=seen.distances, kept=seen.kept, trusted=seen.trusted)
        winner = np.where((winner == ABSENT) & (block.ids[:, :1] != ABSENT), block.classes[:, :1], winner)
        return _widened(block.hits(winner), self._lists.width)

    def _calibrate(self, seen: _Seen) -> None:
        first = np.s_[:, : self._k]
        near = kept_only(seen.distances[first], seen.kept[first], seen.trusted[first])
        codes, votes = seen.codes[first], list_scheme(self._rule).vote_weights(near)
        share = winner_at_each_k(codes, votes).share
        last = share[:, -1] if share.shape[1] else np.zeros(len(codes))
        self._share.append(last)
        self._entropy += float(entropy_bits(codes[last > 0], votes[last > 0]).sum())

    def result(self, pruning: Pruning | None) -> ListEvaluation:
        """All figures."""
        ways = tuple(dict.fromkeys(way for way, _ in self._hits))
        accuracy = {
            way: {rule: ByK(self._hits[way, rule] / self._lists.queries) for rule in self._rules} for way in ways
        }
        reliability = tuple(int(same) / int(n) for same, n in zip(self._same, self._asked, strict=True) if n)
        share, right = np.concatenate(self._share), np.concatenate(self._answer)
        answered = share > 0
        honest = pruning is not None and not pruning.judged
        bins = equal_mass_bins(share[answered], right[answered])
        return ListEvaluation(
            queries=self._lists.queries,
            unlabelled=self._lists.unlabelled,
            reading=self._reading,
            ks=self._ks,
            accuracy=accuracy["plain"],
            reliability_at_k=reliability,
            reliability_fit=fit_reliability(reliability),
            calibration=Calibration(
                self._k,
                self._rule,
                bins,
                expected_calibration_error(bins),
                self._entropy / int(answered.sum()) if answered.any() else None,
            ),
            per_class=_per_class(self._lists, right),
            sweeps=self._sweeps(),
            pruning=pruning,
            ways={
                way: PrunedFigures(accuracy[way], self._gains(way) if honest else {}) for way in ways if way != "plain"
            },
        )

    def _sweeps(self) -> dict[Rule, dict[float, ByK]]:
        out: dict[Rule, dict[float, ByK]] = {}
        for (rule, value), hits in self._swept.items():
            out.setdefault(rule, {})[value] = ByK(hits / self._lists.queries)
        return out

    def _gains(self, way: Way) -> dict[Rule, dict[int, Gain]]:
        out: dict[Rule, dict[int, Gain]] = {}
        for rule in self._rules:
            before, after = (np.concatenate(self._right[one, rule]) for one in ("plain", way))
            out[rule] = {k: paired_gain(before[:, i], after[:, i]) for i, k in enumerate(self._ks)}
        return out


def _widened(right: Bools, width: int) -> Bools:
    """(q, width): a shorter list keeps its last answer, an empty one is never right."""
    if right.shape[1] == width:
        return right
    last = right[:, -1:] if right.shape[1] else np.zeros((len(right), 1), bool)
    return np.concatenate([right, np.repeat(last, width - right.shape[1], axis=1)], axis=1)


def _per_class(lists: PublishedLists, right: Bools) -> dict[str, ClassFigures]:
    """The figures by class, for queries with several right classes by the first."""
    support = lists.support()
    truth = np.concatenate([block.right[:, 0] for block in lists.blocks])
    hits = np.bincount(truth[right], minlength=len(support))
    names = list(lists.vocabulary.classes)
    order = np.flatnonzero(support).tolist()
    return {str(names[code]): ClassFigures(int(support[code]), float(hits[code] / support[code])) for code in order}
