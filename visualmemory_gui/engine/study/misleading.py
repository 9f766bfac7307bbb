"""How much each exemplar misleads the decisions of others: by counts of wrong and right neighbours, or by its value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.decision.many import NOBODY
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.study.frozen import FrozenQueries
from visualmemory_gui.engine.study.value import Weights, shapley_sums
from visualmemory_gui.engine.types import F64, I64, Bools

LEAST_M, MOST_M = 5, 100


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """How often each row of the snapshot was a wrong and a right neighbour of the queries of each part: (parts, n)."""

    wrong: I64
    right: I64

    def without(self, part: int) -> Neighbourhood:
        """Summed over all parts but one, (n,)."""
        return Neighbourhood(self.wrong.sum(axis=0) - self.wrong[part], self.right.sum(axis=0) - self.right[part])

    @property
    def whole(self) -> Neighbourhood:
        """Summed over all parts, (n,)."""
        return Neighbourhood(self.wrong.sum(axis=0), self.right.sum(axis=0))


def usual_m(snapshot: Snapshot) -> int:
    """Among how many first neighbours to count: a quarter of the median class, 5 to 100."""
    counts = snapshot.counts[snapshot.counts > 0]
    return int(min(MOST_M, max(LEAST_M, np.median(counts) // 4))) if len(counts) else LEAST_M


def count_neighbours(frozen: FrozenQueries, part: I64, *, parts: int, m: int) -> Neighbourhood:
    """Count over the first ``m`` neighbours of each query; ``part`` (q,) tells which part it belongs to."""
    snapshot, n = frozen.snapshot, len(frozen.snapshot)
    rows = frozen.table.rows[:, :m]
    there = rows != NOBODY
    same = (snapshot.label[np.maximum(rows, 0)] == frozen.questions.truth[:, None]) & there
    place = part[:, None] * n + rows

    def counted(which: Bools) -> I64:
        return np.bincount(place[which], minlength=parts * n).reshape(parts, n).astype(np.int64)

    return Neighbourhood(counted(there & ~same), counted(same))


def value_sums(frozen: FrozenQueries, part: I64, *, parts: int, rule: Weights = "rank", report: Report = silent) -> F64:
    """The Shapley values of each row for the queries of each part, summed: (parts, n)."""
    questions = frozen.questions
    return shapley_sums(
        frozen.snapshot,
        questions.asked.vectors,
        questions.truth,
        part=part,
        parts=parts,
        k=frozen.ballot.k,
        rule=rule,
        left_out=frozen.left_out,
        report=report,
    )
