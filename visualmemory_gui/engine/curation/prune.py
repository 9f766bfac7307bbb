"""Pruning: strike out exemplars that mislead others, or trust them less, by four methods, as a plan to check first.

*hard* strikes exemplars that were a wrong neighbour at least n times among the first m of the leave-one-out lists (the
paper's rule, m = 100, n = 128 on ImageNet), *difference* counts wrong minus right, *value* strikes the lowest of the
negative Shapley values, *soft* gives 1.75 / (1 + wrong) as trust, wrong counted among the first 10. At most 2 % are
struck, and at most a fifth of a class.

The gain shown is honest: the queries are split in five, and each fifth is decided under an edit made from the other
four, so no query is judged under an edit that it helped to make. The edit applied is made from all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from visualmemory_gui.engine.curation.influence import NO_VALUE, count_neighbours, value_sums
from visualmemory_gui.engine.curation.shapley import no_values
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.pruning_rules import (
    MOST,
    SOFT_M,
    Neighbourhood,
    least_count,
    soft_trust,
    usual_m,
)
from visualmemory_gui.engine.evaluation.query_set import QueryLists, QuerySet, own_queries, watch_set
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain, split
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools, Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

Method = Literal["hard", "difference", "soft", "value"]
METHODS: tuple[Method, ...] = get_args(Method)
Judge = Literal["own", "watch"]
"""Whose decisions are counted: the memory's own by leave-one-out, or those of the watch set."""

MOST_OF_CLASS = 0.2
FIFTHS = 5


@dataclass(frozen=True, slots=True)
class Pruned:
    """An exemplar that a plan strikes out, or gives ``trust``; ``wrong`` and ``right`` count the queries that had it
    among their first m neighbours, ``value`` is its mean Shapley value (None unless the method is *value*)."""

    id: int
    label: str
    wrong: int
    right: int
    value: float | None = None
    trust: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What pruning would do to the memory at change number ``change``, the most misleading first.

    ``held_back`` are exemplars that the method names but that stay, since more than a fifth of their class would go;
    ``by_hand`` counts those that keep a trust set by hand. ``n`` is the least count for *hard* and
    *difference*. ``accuracy`` is that of the ``queries`` before, ``gain`` is what the edit should gain.
    """

    method: Method
    judge: Judge
    change: int
    m: int
    n: int | None
    looked_at: int
    pruned: tuple[Pruned, ...]
    held_back: tuple[Pruned, ...]
    by_hand: int
    classes: Mapping[str, tuple[int, int]]
    queries: int
    accuracy: float
    gain: Gain

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(one.id for one in self.pruned)

    @property
    def trust(self) -> dict[int, float]:
        """Id -> the trust that *soft* gives it; empty under the other methods."""
        return {one.id: one.trust for one in self.pruned if one.trust is not None}


@dataclass(frozen=True, slots=True)
class _Choice:
    """Rows to prune in order, rows held back, the threshold, and each row's trust if that is what changes."""

    rows: I64
    held: I64
    n: int | None = None
    trust: F64 | None = None


def plan(memory: WholeMemory, method: Method, *, judge: Judge = "own", seed: int = 0, report: Report = silent) -> Plan:
    """Plan pruning by ``method``, with the gain to expect; nothing is written.

    Raises BadValue (one class only, no active exemplar, no watch set), Cancelled.
    """
    if method not in METHODS:
        raise BadValue(f"unknown pruning method {method!r}; choose from {', '.join(METHODS)}")
    if method == "value" and VotingScheme.of(memory.settings).joint:
        others = ", ".join(one for one in METHODS if one != "value")
        raise BadValue(f"{no_values(memory.settings.rule)}; prune by {others}")
    snapshot = memory.snapshot
    queries = own_queries(snapshot) if judge == "own" else watch_set(memory, snapshot)
    m = SOFT_M if method == "soft" else usual_m(snapshot.counts)
    lists = QueryLists(
        queries,
        memory.searcher.nearest_many,
        scheme=VotingScheme.of(memory.settings),
        width=m,
        report=report,
    )
    part = fifths(queries, seed)
    chooser = _Chooser(lists, part, method, m=m, fixed=_fixed(memory, snapshot), report=report)
    before = lists.right()
    after = _asked_apart(lists, part, chooser, before)
    choice = chooser.from_all()
    return Plan(
        method=method,
        judge=judge,
        change=snapshot.change,
        m=m,
        n=choice.n,
        looked_at=snapshot.active_count,
        pruned=chooser.told(choice.rows, choice),
        held_back=chooser.told(choice.held, choice),
        by_hand=int((chooser.fixed & (chooser.counts.whole.wrong > 0)).sum()) if method == "soft" else 0,
        classes=_by_class(snapshot, choice.rows),
        queries=len(queries),
        accuracy=float(before.mean()),
        gain=paired_gain(before, after, seed=seed, groups=queries.unit),
    )


def apply(memory: WholeMemory, plan: Plan) -> Changes:
    """Apply ``plan``, as one step. Raises BadValue if the memory has been edited since the plan was made."""
    if plan.method == "soft":
        return memory.apply_study("prune", plan.change, trust=plan.trust)
    return memory.apply_study("prune", plan.change, strike=plan.ids)


def fifths(queries: QuerySet, seed: int) -> I64:
    """The fifth of each query, (q,): classes distributed evenly, groups and copies kept together."""
    return split(queries.truth, queries.unit, [1] * FIFTHS, seed=seed)


class _Chooser:
    """Chooses by ``method`` from the counts or values of some of the parts. ``fixed`` (n,): trust set by hand."""

    def __init__(self, lists: QueryLists, part: I64, method: Method, *, m: int, fixed: Bools, report: Report) -> None:
        self.snapshot = lists.snapshot
        self.method = method
        self.fixed = fixed
        self.counts = count_neighbours(lists, part, parts=FIFTHS, m=m)
        self._values = value_sums(lists, part, parts=FIFTHS, report=report) if method == "value" else None
        self._queries = len(lists)

    def from_all(self) -> _Choice:
        return self._choose(self.counts.whole, None if self._values is None else self._values.sum(axis=0))

    def without(self, part: int) -> _Choice:
        values = None if self._values is None else self._values.sum(axis=0) - self._values[part]
        return self._choose(self.counts.without(part), values)

    def told(self, rows: I64, choice: _Choice) -> tuple[Pruned, ...]:
        snapshot, counts = self.snapshot, self.counts.whole
        values = None if self._values is None else self._values.sum(axis=0) / max(self._queries, 1)
        return tuple(
            Pruned(
                int(snapshot.ids[row]),
                snapshot.labels[snapshot.label[row]],
                int(counts.wrong[row]),
                int(counts.right[row]),
                None if values is None else float(values[row]),
                None if choice.trust is None else float(choice.trust[row]),
            )
            for row in rows.tolist()
        )

    def _choose(self, counts: Neighbourhood, values: F64 | None) -> _Choice:
        snapshot = self.snapshot
        most = int(MOST * snapshot.active_count)
        if self.method == "soft":
            return self._soft(counts)
        if values is not None:
            named = np.flatnonzero(snapshot.active & (values < -NO_VALUE))
            named = named[np.argsort(values[named], kind="stable")][:most]
            return _Choice(*_spare(snapshot, named))
        score = counts.wrong - counts.right if self.method == "difference" else counts.wrong
        n = least_count(score[snapshot.active], most)
        named = np.flatnonzero(snapshot.active & (score >= n))
        return _Choice(*_spare(snapshot, named[np.argsort(-score[named], kind="stable")]), n=n)

    def _soft(self, counts: Neighbourhood) -> _Choice:
        trust = soft_trust(counts.wrong)
        rows = np.flatnonzero(self.snapshot.active & (counts.wrong >= 1) & ~self.fixed)
        return _Choice(rows[np.argsort(trust[rows], kind="stable")], np.empty(0, np.int64), trust=trust)


def _asked_apart(lists: QueryLists, part: I64, chooser: _Chooser, before: Bools) -> Bools:
    """Whether each query is right under an edit that its own part did not help to make."""
    after = before.copy()
    for p in range(FIFTHS):
        which = np.flatnonzero(part == p)
        if len(which):
            after[which] = lists.right(_after(lists.snapshot, chooser.without(p), chooser.fixed), which)
    return after


def _after(snapshot: Snapshot, choice: _Choice, fixed: Bools) -> Snapshot:
    if choice.trust is None:
        return snapshot.changed(active=snapshot.active & ~snapshot.among(choice.rows))
    return snapshot.changed(trust=np.where(fixed, snapshot.trust, choice.trust))


def _fixed(memory: WholeMemory, snapshot: Snapshot) -> Bools:
    """Which rows carry a trust set by hand, (n,)."""
    return np.isin(snapshot.ids, memory.catalog.trusted_by_hand())


def _spare(snapshot: Snapshot, named: I64) -> tuple[I64, I64]:
    """``named``, in order, split into those that go and those held back: at most a fifth of each class goes."""
    left = (MOST_OF_CLASS * snapshot.counts).astype(np.int64)
    goes = np.zeros(len(named), bool)
    for i, code in enumerate(snapshot.label[named].tolist()):
        goes[i] = left[code] > 0
        left[code] -= goes[i]
    return named[goes], named[~goes]


def _by_class(snapshot: Snapshot, rows: I64) -> dict[str, tuple[int, int]]:
    """For each class of ``rows``: how many of them, out of how many active."""
    codes, counts = np.unique(snapshot.label[rows], return_counts=True)
    order = np.lexsort((codes, -counts))
    return {snapshot.labels[codes[i]]: (int(counts[i]), int(snapshot.counts[codes[i]])) for i in order.tolist()}
