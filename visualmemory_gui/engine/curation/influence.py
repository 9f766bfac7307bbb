"""How much each exemplar misleads the decisions of others: by what its absence would do, by its Shapley value, or by
counts of wrong and right neighbours."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from visualmemory_gui.engine.curation.absence import absence_values
from visualmemory_gui.engine.curation.shapley import Weights, no_values, shapley_sums
from visualmemory_gui.engine.decision.sample import sample
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.pruning_rules import Neighbourhood, usual_m
from visualmemory_gui.engine.evaluation.query_set import QueryLists, QuerySet, own_queries, watch_set
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store.dismissals import holds
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import F64, I64, Bools, Rule

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

Order = Literal["absence", "value", "count"]
MOST_QUERIES = 5000
"""Above so many exemplars ``absence`` is measured on the decisions of a sample of them."""

MISLED = "misled"  # kind of a kept judgement
SHOWN = 3
NO_VALUE = 1e-12
"""Values this close to 0 are rounding errors of sums that cancel."""


def count_neighbours(lists: QueryLists, part: I64, *, parts: int, m: int) -> Neighbourhood:
    """Count over the first ``m`` neighbours of each query; ``part`` (q,) is the part it belongs to."""
    snapshot, n = lists.snapshot, len(lists.snapshot)
    rows, _ = lists.nearest(m)
    there = rows != ABSENT
    same = (snapshot.label[np.maximum(rows, 0)] == lists.queries.truth[:, None]) & there
    place = part[:, None] * n + rows

    def counted(which: Bools) -> I64:
        return np.bincount(place[which], minlength=parts * n).reshape(parts, n).astype(np.int64)

    return Neighbourhood(counted(there & ~same), counted(same))


def value_sums(lists: QueryLists, part: I64, *, parts: int, rule: Weights = "rank", report: Report = silent) -> F64:
    """The Shapley values of each row for the queries of each part, summed: (parts, n)."""
    queries = lists.queries
    return shapley_sums(
        lists.snapshot,
        queries.vectors_of(np.arange(len(queries))),
        queries.truth,
        part=part,
        parts=parts,
        k=lists.scheme.k,
        rule=rule,
        left_out=queries.left_out,
        report=report,
    )


@dataclass(frozen=True, slots=True)
class Misleader:
    """An exemplar and those it misleads: ``wrong`` and ``right`` count the exemplars that have it among their first m
    neighbours. ``value`` is what it adds to the mean share of the right label, by its absence or as Shapley value, None
    where they are ordered by counts.

    ``misled`` are the nearest exemplars of another label of which it is a neighbour, (id, label, distance).
    """

    id: int
    label: str
    wrong: int
    right: int
    value: float | None
    misled: tuple[tuple[int, str, float], ...]


@dataclass(frozen=True, slots=True)
class Misleaders:
    """The result of one search of the memory at change number ``change``, the most misleading first.

    Values are those of the vote by ``rule`` in ``queries`` decisions: of the watch set if ``watched``, else of the
    memory's own exemplars, each left out.
    """

    change: int
    looked_at: int
    m: int
    order: Order
    rows: tuple[Misleader, ...]
    rule: Rule
    queries: int
    watched: bool = False

    @property
    def base(self) -> str:
        """ "the vote by ridge in 3,329 decisions": what the values are values of."""
        if self.order == "value":
            return f"votes weighed by {self.rule} in {how_many(self.queries, 'decision')}"
        whose = "of the watch set" if self.watched else "of its own exemplars"
        sampled = ", a sample" if not self.watched and self.queries < self.looked_at else ""
        return f"the vote by {self.rule} in {how_many(self.queries, 'decision')} {whose}{sampled}"

    def without(self, ids: Collection[int]) -> Misleaders:
        gone = set(ids)
        return replace(self, rows=tuple(row for row in self.rows if row.id not in gone))


def misleaders(
    memory: WholeMemory, order: Order = "absence", *, rule: Weights = "rank", report: Report = silent
) -> Misleaders:
    """Find active exemplars that mislead others more than they help, except those kept as they are.

    Ordered by what their ``absence`` would do, under the memory's own rule, to the decisions of the watch set, without
    one to those of its exemplars; or by the lowest Shapley ``value`` with the weights of ``rule``; or by wrong minus
    right (``count``). Exemplars are decided by leave-one-out. Raises BadValue (one class only, no active exemplar,
    Shapley values in a memory that decides by ridge), Cancelled.
    """
    snapshot = memory.snapshot
    m = usual_m(snapshot.counts)
    search, scheme = memory.searcher.nearest_many, VotingScheme.of(memory.settings)
    if order == "value" and scheme.joint:
        raise BadValue(f"{no_values(scheme.rule)}; order them by absence instead (`review --by absence`)")
    lists = QueryLists(own_queries(snapshot), search, scheme=scheme, width=m, report=report)
    part = np.zeros(len(lists), np.int64)
    counts = count_neighbours(lists, part, parts=1, m=m).whole
    values, followed, watched = None, len(lists), False
    if order == "absence":
        chosen, watched = _followed(memory, lists, report)
        values, followed = absence_values(chosen, report=report), len(chosen)
    elif order == "value":
        values = value_sums(lists, part, parts=1, rule=rule, report=report)[0] / len(lists)
    score = (counts.wrong - counts.right).astype(np.float64) if values is None else -values
    named = np.flatnonzero(snapshot.active & (score > NO_VALUE))
    named = named[np.argsort(-score[named], kind="stable")]
    misled = _misled_by(lists, named, m=m)
    kept = memory.kept.all(MISLED)
    rows = [
        Misleader(
            int(snapshot.ids[row]),
            snapshot.labels[snapshot.label[row]],
            int(counts.wrong[row]),
            int(counts.right[row]),
            None if values is None else float(values[row]),
            misled[row],
        )
        for row in named.tolist()
    ]
    stays = tuple(row for row in rows if not holds(kept, (row.id, 0), row.label))
    used = rule if order == "value" else scheme.rule
    return Misleaders(snapshot.change, snapshot.active_count, m, order, stays, used, followed, watched)


def _followed(memory: WholeMemory, own: QueryLists, report: Report) -> tuple[QueryLists, bool]:
    """The watch set and True; without one the memory's own exemplars, at most 5,000 of them, and False."""
    snapshot, search = own.snapshot, memory.searcher.nearest_many
    if any(one.image.vector is not None for one in memory.watch.all()):
        return QueryLists(watch_set(memory, snapshot), search, scheme=own.scheme, report=report), True
    if len(own) <= MOST_QUERIES:
        return own, False
    drawn = QuerySet.exemplars(snapshot, sample(snapshot, size=MOST_QUERIES))
    return QueryLists(drawn, search, scheme=own.scheme, report=report), False


def _misled_by(lists: QueryLists, named: I64, *, m: int) -> dict[int, tuple[tuple[int, str, float], ...]]:
    """For each of ``named``, the nearest queries of another label that have it among their first ``m``."""
    snapshot, own = lists.snapshot, lists.queries.own
    rows, distances = lists.nearest(m)
    wrong = snapshot.label[np.maximum(rows, 0)] != lists.queries.truth[:, None]
    query, place = np.nonzero(np.isin(rows, named) & wrong)
    order = np.argsort(distances[query, place], kind="stable")
    found: dict[int, list[tuple[int, str, float]]] = {int(row): [] for row in named}
    for q, p in zip(query[order].tolist(), place[order].tolist(), strict=True):
        shown = found[int(rows[q, p])]
        if len(shown) < SHOWN:
            row = own[q]
            shown.append((int(snapshot.ids[row]), snapshot.labels[snapshot.label[row]], float(distances[q, p])))
    return {row: tuple(shown) for row, shown in found.items()}
