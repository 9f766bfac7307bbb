"""How often a memory's decisions are right: on its own exemplars with each left out, or on queries with known labels.

All rules and all k come from one retrieval at the largest k.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import LeftOut, NearestMany
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.study.counting import Counts, gather
from visualmemory_gui.engine.study.evaluation import Evaluation
from visualmemory_gui.engine.study.labelled import Labelled, from_folder
from visualmemory_gui.engine.types import F32, I64, RULES, Rule

KS = (1, 5, 10, 20, 50, 100)

_BLOCK = 1024


def evaluate(
    memory: VisualMemory,
    test_folder: str | Path | None = None,
    *,
    ks: Sequence[int] = KS,
    rules: Sequence[Rule] = RULES,
    report: Report = silent,
) -> Evaluation:
    """Evaluate ``memory`` by leave-one-out, or on the pictures of ``test_folder`` (sub-folders are labels).

    Class factor, and k and rule of calibration and confusion, are the memory's settings. Raises BadValue.
    """
    settings, searcher = memory.settings, memory.live.searcher
    asked = None if test_folder is None else from_folder(memory, test_folder, report=report)
    snapshot = memory.snapshot
    if asked is not None and not asked.labels:
        raise BadValue(f"{test_folder} holds no picture that can be read; put pictures into sub-folders named by label")
    return evaluate_snapshot(
        snapshot,
        searcher.nearest_many,
        asked,
        ks=ks,
        rules=rules,
        k=settings.k,
        rule=settings.rule,
        class_factor=settings.class_factor,
        report=report,
    )


def evaluate_snapshot(
    snapshot: Snapshot,
    nearest_many: NearestMany,
    asked: Labelled | None = None,
    *,
    ks: Sequence[int] = KS,
    rules: Sequence[Rule] = RULES,
    k: int = 10,
    rule: Rule = "rank",
    class_factor: bool = False,
    report: Report = silent,
) -> Evaluation:
    """Evaluate the active exemplars of ``snapshot`` by leave-one-out, or the queries ``asked``.

    Leave-one-out leaves out the exemplar, those of equal content or an equal vector, and its group, and its label's
    count for the class factor is one less. A query of ``asked`` does not see exemplars of its own content or vector.
    ``k`` above what is there means all. Raises BadValue when there is nothing to ask.
    """
    if min((*ks, k), default=0) < 1:
        raise BadValue(f"k counts neighbours and must be at least 1, not {min((*ks, k), default=0)}")
    width = max(1, min(max((*ks, k)), snapshot.active_count))
    queries = _own(snapshot) if asked is None else _given(snapshot, asked)
    if not len(queries) or not snapshot.active_count:
        raise BadValue("there is nothing to evaluate: the memory has no active exemplar")
    counts = Counts(queries.names, ks=ks, rules=rules, k=k, rule=rule)
    for start in range(0, len(queries), _BLOCK):
        part = slice(start, start + _BLOCK)
        found = nearest_many(
            snapshot,
            queries.vectors(part),
            width,
            excluded_rows=lambda i, start=start: queries.left_out(start + i),  # type: ignore[misc]
            report=_shifted(report, start, len(queries)),
        )
        truth = queries.truth[part]
        counts.add(gather(snapshot, found, truth, k=width, factor=class_factor, own=asked is None))
    return replace(counts.result(class_factor=class_factor), skipped=() if asked is None else asked.skipped)


class _Queries:
    """What is asked: vectors by block, right codes, and the rows that each query must not see."""

    def __init__(
        self, truth: I64, names: Sequence[str], *, vectors: Callable[[slice], F32], left_out: Callable[[int], I64]
    ) -> None:
        self.truth = truth
        self.names = names
        self.vectors = vectors
        self.left_out = left_out

    def __len__(self) -> int:
        return len(self.truth)


def _own(snapshot: Snapshot) -> _Queries:
    rows, left_out, vectors = np.flatnonzero(snapshot.active), LeftOut(snapshot), snapshot.vectors
    return _Queries(
        snapshot.label[rows].astype(np.int64),
        snapshot.labels,
        vectors=lambda part: vectors[rows[part]],
        left_out=lambda i: left_out.rows(int(rows[i])),
    )


def _given(snapshot: Snapshot, asked: Labelled) -> _Queries:
    """Labels that the memory does not know get codes of their own, which nothing can win."""
    names = list(dict.fromkeys((*snapshot.labels, *asked.labels)))
    code_of = {name: code for code, name in enumerate(names)}
    left_out = LeftOut(snapshot)
    return _Queries(
        np.array([code_of[label] for label in asked.labels], np.int64),
        names,
        vectors=lambda part: asked.vectors[part],
        left_out=lambda i: left_out.rows_for(content=int(asked.content[i]), twin=int(asked.twin[i])),
    )


def _shifted(report: Report, start: int, whole: int) -> Report:
    def shifted(done: int, total: int | None, what: str = "") -> None:
        report(start + done, whole, "evaluating")

    return shifted
