"""Evaluating a memory's decisions: on its own exemplars, each left out in turn, or on queries with known labels.

All rules, all k and all parameters come from one exact retrieval at the largest k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme, require_k
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.counting import Counts
from visualmemory_gui.engine.evaluation.evaluation import Evaluation
from visualmemory_gui.engine.evaluation.query_set import ExemplarLabels, QuerySet
from visualmemory_gui.engine.evaluation.test_folder import from_folder
from visualmemory_gui.engine.evaluation.winners import at_once
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import PAPER_RULES, MemorySettings, Rule

if TYPE_CHECKING:
    from visualmemory_gui.engine.decision.leave_one_out import NearestMany
    from visualmemory_gui.engine.memory.protocol import WholeMemory

KS = (1, 5, 10, 20, 50, 100)

SWEPT = 2000
"""Queries over which parameters of a joint rule are varied at most."""

PLAIN = VotingScheme(class_factor="off")

_BLOCK = 8192


def evaluate(
    memory: WholeMemory,
    test_folder: str | Path | None = None,
    *,
    ks: Sequence[int] = KS,
    rules: Sequence[Rule] | None = None,
    asked: ExemplarLabels | None = None,
    report: Report = silent,
) -> Evaluation:
    """Evaluate ``memory`` by leave-one-out, or on the images of ``test_folder`` (sub-folders are labels).

    Without ``rules``, they are those of ``own_rules``.
    ``asked`` are the exemplars of an earlier run, under the labels they had then, including those struck out since:
    figures on them may be compared with that run's. Class factor, and k and rule of calibration and confusion, are the
    memory's settings. Search is exact. Raises BadValue, UnknownExemplar, Cancelled.
    """
    given = None if test_folder is None else from_folder(memory, test_folder, report=report)
    if given is not None and not given.labels:
        raise BadValue(f"{test_folder} holds no image that can be read; put images into sub-folders named by label")
    settings = memory.settings
    found = evaluate_snapshot(
        memory.snapshot,
        memory.searcher.exact_many,
        asked if given is None else given,
        ks=ks,
        rules=own_rules(settings) if rules is None else rules,
        scheme=VotingScheme.of(settings),
        report=report,
    )
    return replace(found, level=settings.level if settings.level in found.levels else 0)


def own_rules(settings: MemorySettings) -> tuple[Rule, ...]:
    """The paper's rules, and beside them the one by which a memory of these settings decides."""
    return tuple(dict.fromkeys((*PAPER_RULES, settings.rule)))


def evaluate_snapshot(
    snapshot: Snapshot,
    nearest_many: NearestMany,
    asked: Queries | ExemplarLabels | None = None,
    *,
    ks: Sequence[int] = KS,
    rules: Sequence[Rule] = PAPER_RULES,
    scheme: VotingScheme = PLAIN,
    report: Report = silent,
) -> Evaluation:
    """Evaluate the active exemplars of ``snapshot`` by leave-one-out, or the queries ``asked``.

    Leave-one-out leaves out the exemplar, those of equal content or an equal vector, and its group. A query from
    elsewhere does not see exemplars of its own content or vector. The class of a query that is itself in the memory
    counts one less (``leave_one_out``).
    ``k`` above the number of neighbours means all. Raises BadValue when there are no queries.
    """
    for one in (*ks, scheme.k):
        require_k(one)
    if not snapshot.active_count:
        raise BadValue("nothing to evaluate: the memory has no active exemplar")
    queries = _query_set(snapshot, asked)
    width = max(1, min(max((*ks, scheme.k)), snapshot.active_count))
    counts = Counts(queries.names, ks=ks, rules=rules, scheme=scheme)
    joint = any(replace(scheme, rule=rule).joint for rule in (*rules, scheme.rule))
    sampled = np.isin(np.arange(len(queries)), queries.sample(SWEPT))
    size = at_once(width) if joint else _BLOCK
    for start in range(0, len(queries), size):
        which = np.arange(start, min(start + size, len(queries)))
        shifted = _shifted(report, start, len(queries))
        near, together = queries.retrieved(snapshot, nearest_many, width, which=which, joint=joint, report=shifted)
        counts.add(near, queries.truth[which], sampled[which], together=together)
    report(len(queries), len(queries), "evaluating")
    return replace(counts.result(queries), skipped=asked.skipped if isinstance(asked, Queries) else ())


def _query_set(snapshot: Snapshot, asked: Queries | ExemplarLabels | None) -> QuerySet:
    if asked is None:
        return QuerySet.active(snapshot)
    return QuerySet.earlier(snapshot, asked) if isinstance(asked, ExemplarLabels) else QuerySet.of(snapshot, asked)


def _shifted(report: Report, start: int, whole: int) -> Report:
    def shifted(done: int, total: int | None, what: str = "") -> None:
        report(start + done, whole, "evaluating")

    return shifted
