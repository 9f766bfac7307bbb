"""The decisions of two memories on equal queries: the exemplars that both hold, each decided by the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation.memory_difference import MemoryDifference, names_of
from visualmemory_gui.engine.evaluation.query_set import QueryLists, QuerySet, winners
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain, together
from visualmemory_gui.engine.memory.protocol import whole
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store.checksum import content_key, group_key, vector_hash
from visualmemory_gui.engine.text.visible_text import how_many, in_percent
from visualmemory_gui.engine.types import I64, Exemplar

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

SAMPLE = 2000


@dataclass(frozen=True, slots=True)
class MemoryComparison:
    """How the memories ``first`` and ``second`` decide the same ``queries``: the accuracy of each at the full label,
    and how many they decide ``alike``, fractions; ``gain`` is from the first to the second."""

    first: str
    second: str
    accuracy_first: float
    accuracy_second: float
    alike: float
    gain: Gain
    queries: int

    @property
    def words(self) -> str:
        """ "On 500 exemplars that both hold, each decided by the others: a 62.0 %, b 70.2 %: 8.2 points better …"."""
        shares = f"{self.first} {in_percent(self.accuracy_first)}, {self.second} {in_percent(self.accuracy_second)}"
        return (
            f"On {how_many(self.queries)} that both hold, each decided by the others: {shares}: {self.gain.words}. "
            f"They decide {in_percent(self.alike)} alike."
        )

    def to_json(self) -> dict[str, object]:
        """All of it, as JSON values."""
        return {
            "queries": self.queries,
            "accuracy": {"first": self.accuracy_first, "second": self.accuracy_second},
            "alike": self.alike,
            "gain": self.gain.to_json(),
        }


def compare_decisions(
    first: Memory, second: Memory, found: MemoryDifference, *, seed: int = 0, report: Report = silent
) -> MemoryComparison | None:
    """Decide what both memories hold alike and lets vote, at most 2,000 exemplars drawn at random, in each of them.

    Each memory decides by its own settings, by all its other exemplars: without copies of the query and without its
    group. The interval is that of a bootstrap over what is independent in both. None where no answer could be wrong.
    Raises Cancelled, ServerError.
    """
    pairs = np.array(found.same, np.int64).reshape(-1, 2)
    struck = {one.id for page in first.catalog.pages(state="struck") for one in page}
    pairs = pairs[~np.isin(pairs[:, 0], list(struck))]
    if len(pairs) > SAMPLE:
        pairs = pairs[np.sort(np.random.default_rng(seed).choice(len(pairs), SAMPLE, replace=False))]
    truth = [one.label for one in first.catalog.get(pairs[:, 0].tolist())]
    if len(set(truth)) < 2:
        return None
    told = [_answers(m, ids, report) for m, ids in zip((first, second), pairs.T, strict=True)]
    right = [np.array([one == label for one, label in zip(answers, truth, strict=True)]) for answers in told]
    independent = together(*_keys(first, pairs[:, 0]), *_keys(second, pairs[:, 1]))
    return MemoryComparison(
        *names_of(first, second),
        float(right[0].mean()),
        float(right[1].mean()),
        float(np.mean([one == other for one, other in zip(*told, strict=True)])),
        paired_gain(*right, groups=independent),
        len(pairs),
    )


def _answers(m: Memory, ids: I64, report: Report) -> Sequence[str | None]:
    """The label that wins each of ``ids`` when it is left out."""
    if not m.is_whole:
        vectors, answers = m.catalog.vectors(ids), list[str | None]()
        for exemplar, vector in zip(ids.tolist(), vectors, strict=True):
            report(len(answers), len(ids), f"deciding in {m.name}")
            answers.append(m.decide_vector(vector, own=exemplar).label)
        return answers
    memory = whole(m)
    scheme, snapshot = VotingScheme.of(memory.settings), memory.snapshot
    asked = QuerySet.exemplars(snapshot, snapshot.rows_of(ids))
    lists = QueryLists(asked, memory.searcher.exact_many, scheme=scheme, report=report)
    codes = winners(lists.neighbours(), scheme).tolist()
    return [None if code == ABSENT else snapshot.labels[code] for code in codes]


def _keys(m: Memory, ids: I64) -> tuple[I64, I64, I64]:
    """Keys that exemplars of one image, of one group and of one vector share, (n,) each; 0: none."""
    exemplars: list[Exemplar] = m.catalog.get(ids.tolist())
    images = [content_key(one.original or one.content) for one in exemplars]
    groups = [group_key(one.group) for one in exemplars]
    twins = [vector_hash(vector) for vector in m.catalog.vectors(ids)]
    return np.array(images, np.int64), np.array(groups, np.int64), np.array(twins, np.int64)
