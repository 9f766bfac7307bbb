"""Comparing two memories of the same exemplars under different encoders, on equal queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation.query_set import QueryLists, QuerySet
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain, together
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.text.visible_text import how_many, in_percent
from visualmemory_gui.engine.types import I64, Bools

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

SAMPLE = 2000


@dataclass(frozen=True, slots=True)
class EncoderComparison:
    """Accuracy at the full label, a fraction, under the encoders ``before`` and ``after``, on the same ``queries``."""

    before: str
    after: str
    accuracy_before: float
    accuracy_after: float
    gain: Gain
    queries: int

    @property
    def words(self) -> str:
        """ "On 500 exemplars, each decided by the others: lite0 62.0 %, dinov2-small 70.2 %: 8.2 points better …"."""
        shares = f"{self.before} {in_percent(self.accuracy_before)}, {self.after} {in_percent(self.accuracy_after)}"
        return f"On {how_many(self.queries)}, each decided by the others: {shares}: {self.gain.words}."

    def to_json(self) -> dict[str, object]:
        """All of it, as JSON values."""
        return {
            "queries": self.queries,
            "before": {"encoder": self.before, "accuracy": self.accuracy_before},
            "after": {"encoder": self.after, "accuracy": self.accuracy_after},
            "gain": self.gain.to_json(),
        }


def compare(before: WholeMemory, after: WholeMemory, *, report: Report = silent) -> EncoderComparison | None:
    """Decide the exemplars that are active in both, at most 2,000, each by the others, under either encoder.

    Each memory decides by its own settings, by exact search, and only those exemplars vote. The interval is that of a
    bootstrap over what is independent under both. None where no neighbour could be wrong. Raises Cancelled.
    """
    active_before, active_after = (m.snapshot.ids[m.snapshot.active] for m in (before, after))
    ids = np.intersect1d(active_before, active_after)
    first = _asked(before, ids)
    if len(np.unique(first.truth)) < 2:
        return None
    which = first.sample(SAMPLE)
    right_before, unit_before = _answers(before, ids, which, report)
    right_after, unit_after = _answers(after, ids, which, report)
    return EncoderComparison(
        before.identity.words,
        after.identity.words,
        float(right_before.mean()),
        float(right_after.mean()),
        paired_gain(right_before, right_after, groups=together(unit_before, unit_after)),
        len(which),
    )


def _answers(memory: WholeMemory, ids: I64, which: I64, report: Report) -> tuple[Bools, I64]:
    """Whether each query is decided right, and the key of those that it depends on, (q,) each."""
    asked, nearest = _asked(memory, ids, which), memory.searcher.exact_many
    lists = QueryLists(asked, nearest, scheme=VotingScheme.of(memory.settings), report=report)
    return lists.right(), asked.unit


def _asked(memory: WholeMemory, ids: I64, which: I64 | None = None) -> QuerySet:
    """``ids``, or those of the places ``which``, as queries to a memory in which no others vote."""
    snapshot = memory.snapshot
    alone = snapshot.changed(active=np.isin(snapshot.ids, ids))
    return QuerySet.exemplars(alone, alone.rows_of(ids if which is None else ids[which]))
