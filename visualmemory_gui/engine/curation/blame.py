"""Which exemplars are to blame for one kind of mistake, what would fix it, and what the fix does to other decisions.

The mistake is a cell of the confusion matrix: queries of one class decided as another. To blame are the exemplars that
take most from their right label's share of the vote: by the lowest k-NN Shapley values, or, where votes are solved for
together, by what that share would be in the absence of each. One that all others decide as the queries' class is
relabelled, any other is struck out.

The gain is measured over all queries. No query is judged under a fix that it helped to choose: those of the cell are
split into up to five folds, each decided under the fix chosen by the other folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from visualmemory_gui.engine.curation.absence import absence_sums
from visualmemory_gui.engine.curation.influence import NO_VALUE
from visualmemory_gui.engine.curation.shapley import Weights, shapley_sums
from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.decision.voting_rules import JOINT
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.query_set import QueryLists, own_queries, winners
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain, split
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools, Changes, Rule

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

Fix = Literal["strike", "relabel"]
MOST = 5
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Blamed:
    """An exemplar and its fix. ``value`` is what it adds to the mean share of the right label, below 0."""

    id: int
    label: str
    value: float
    fix: Fix


@dataclass(frozen=True, slots=True)
class Blame:
    """The exemplars to blame for ``queries`` wrong decisions of the class ``true``, at change number ``change``.

    ``blamed`` lists the worst first; ``base`` says what their values are values of. The fix turns ``fixed`` of all
    ``asked`` decisions right and ``broken`` wrong.
    """

    change: int
    true: str
    queries: int
    asked: int
    blamed: tuple[Blamed, ...]
    fixed: int
    broken: int
    gain: Gain
    base: str

    def ids(self, fix: Fix) -> tuple[int, ...]:
        return tuple(one.id for one in self.blamed if one.fix == fix)

    @property
    def words(self) -> str:
        """ "Of 3,329 decisions it fixes 4 and breaks 1 at the full label: 0.1 points better (0.0 to 0.2)."."""
        fate = f"it fixes {self.fixed} and breaks {self.broken} at {level_in_words(0)}"
        return f"Of {self.asked:,} decisions {fate}: {self.gain.words}."


def blame(
    memory: WholeMemory, ids: Sequence[int], *, most: int = MOST, seed: int = 0, report: Report = silent
) -> Blame:
    """Blame at most ``most`` active exemplars for the wrong decisions of the exemplars ``ids``, of one label.

    Raises UnknownExemplar, BadValue (none of them active, several labels, one class only), Cancelled.
    """
    snapshot = memory.snapshot
    asked = snapshot.rows_of(sorted(set(ids)))
    asked = asked[snapshot.active[asked]]
    if len(np.unique(snapshot.label[asked])) != 1:
        raise BadValue("blame takes active exemplars of one class, all with the same kind of mistake")
    search, scheme = memory.searcher.nearest_many, VotingScheme.of(memory.settings)
    queries = own_queries(snapshot)
    lists = QueryLists(queries, search, scheme=scheme, report=report)
    finder = _Finder(lists, asked, most=most, seed=seed, report=report)
    before, after = finder.before, finder.after()
    chosen, values = finder.choose(None), finder.values(None)
    return Blame(
        change=snapshot.change,
        true=snapshot.labels[snapshot.label[asked[0]]],
        queries=len(asked),
        asked=len(queries),
        blamed=tuple(
            Blamed(
                int(snapshot.ids[row]),
                snapshot.labels[snapshot.label[row]],
                float(values[row]),
                "relabel" if finder.belongs[row] else "strike",
            )
            for row in chosen.tolist()
        ),
        fixed=int((after & ~before).sum()),
        broken=int((before & ~after).sum()),
        gain=paired_gain(before, after, seed=seed, groups=queries.unit),
        base=_base(scheme.rule),
    )


def apply(memory: WholeMemory, found: Blame) -> Changes:
    """Apply the fix of ``found``, as one step. Raises BadValue if the memory has been edited since."""
    strike, relabel = found.ids("strike"), found.ids("relabel")
    kind = "relabel" if relabel else "strike"
    return memory.apply_study(kind, found.change, strike=strike, relabel={found.true: relabel})


class _Finder:
    """Values of all exemplars for the queries ``asked`` (rows of one label), by fold of the queries.

    ``belongs`` (n,) marks rows that all others decide as the queries' class; ``fold`` (q,) is the fold of every query
    of ``lists``, -1 for those that share nothing with the cell.
    """

    def __init__(self, lists: QueryLists, asked: I64, *, most: int, seed: int, report: Report) -> None:
        self._lists, self._most = lists, most
        snapshot, queries = lists.snapshot, lists.queries
        self._code = int(snapshot.label[asked[0]])
        place = np.searchsorted(queries.own, asked)
        self.fold = _folds(queries.unit, place, seed=seed)
        self._folds = int(self.fold.max()) + 1
        winner = winners(lists.neighbours(), lists.scheme)
        self.before: Bools = winner == queries.truth
        self.belongs = np.zeros(len(snapshot), bool)
        self.belongs[queries.own] = winner == self._code
        self._of_fold = np.bincount(self.fold[place], minlength=self._folds)
        self._sums = self._summed(place, report)

    def _summed(self, place: I64, report: Report) -> F64:
        """The values of each row for the cell's queries, at ``place``, summed by fold: (folds, n)."""
        lists, queries, part = self._lists, self._lists.queries, self.fold[place]
        if lists.scheme.joint:
            return absence_sums(lists, place, part=part, parts=self._folds, report=report)
        return shapley_sums(
            lists.snapshot,
            queries.vectors_of(place),
            queries.truth[place],
            part=part,
            parts=self._folds,
            k=lists.scheme.k,
            rule=_weights(lists.scheme.rule),
            left_out=lambda i: queries.left_out(int(place[i])),
            report=report,
        )

    def values(self, without: int | None) -> F64:
        """The mean value of each row (n,) over the queries, except those of the fold ``without``."""
        kept = [fold for fold in range(self._folds) if fold != without]
        mean: F64 = self._sums[kept].sum(axis=0) / max(int(self._of_fold[kept].sum()), 1)
        return mean

    def choose(self, without: int | None) -> I64:
        """Rows to blame, worst first; the last exemplar of a class is spared."""
        snapshot, values = self._lists.snapshot, self.values(without)
        named = np.flatnonzero(snapshot.active & (values < -NO_VALUE) & (snapshot.label != self._code))
        left = snapshot.counts.copy()
        chosen: list[int] = []
        for row in named[np.argsort(values[named], kind="stable")].tolist():
            if left[snapshot.label[row]] > 1 and len(chosen) < self._most:
                left[snapshot.label[row]] -= 1
                chosen.append(row)
        return np.array(chosen, np.int64)

    def after(self) -> Bools:
        """Whether each query is right under the fix that its own fold did not help to choose, (q,)."""
        right = self.before.copy()
        for fold in (-1, *range(self._folds)):
            which = np.flatnonzero(self.fold == fold)
            chosen = self.choose(None if fold < 0 else fold)
            if len(which) and len(chosen):
                right[which] = self._lists.right(self._fixed(chosen), which)
        return right

    def _fixed(self, chosen: I64) -> Snapshot:
        """The snapshot with ``chosen`` relabelled or struck out."""
        snapshot, moved = self._lists.snapshot, self.belongs[chosen]
        return snapshot.changed(
            label=dict.fromkeys(chosen[moved].tolist(), snapshot.labels[self._code]),
            active=snapshot.active & ~snapshot.among(chosen[~moved]),
        )


def _folds(unit: I64, place: I64, *, seed: int) -> I64:
    """The fold of each query: units of the cell's queries (at ``place``) are distributed, all others are in -1."""
    units = np.unique(unit[place])
    count = min(FOLDS, len(units))
    fold_of = split(np.zeros(len(units), np.int64), np.zeros(len(units), np.int64), [1] * count, seed=seed)
    at = np.minimum(np.searchsorted(units, unit), len(units) - 1)
    return np.where(units[at] == unit, fold_of[at], -1)


def _base(rule: Rule) -> str:
    """What the values are values of."""
    if rule in JOINT:
        return f"shares of the vote by {rule} with and without each exemplar"
    return f"Shapley values of votes weighed by {_weights(rule)}"


def _weights(rule: str) -> Weights:
    """Values are exact for weights that depend on the rank alone; the other rules use those of rank."""
    return "plurality" if rule == "plurality" else "rank"
