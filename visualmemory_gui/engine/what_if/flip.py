"""What it takes to change one decision of a memory: the fewest strikes, and the fewest lessons like the query."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision.decide import decide
from visualmemory_gui.engine.decision.leave_one_out import others_counted
from visualmemory_gui.engine.decision.levels import at_level, shares_by_label
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.memory.classifier import Scope, all_behind, leave_own_out
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64, Decision
from visualmemory_gui.engine.what_if.examples_to_win import fewest_lessons
from visualmemory_gui.engine.what_if.flip_sets import BUDGET_S, MOST, fewest_strikes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory


@dataclass(frozen=True, slots=True)
class Flip:
    """The fewest strikes: without ``ids`` (nearest first) the winner is ``label``.

    ``exact``: no smaller set is enough; else "at most". ``own`` of them carry that label themselves: the fewer
    exemplars a small class has, the more each of its votes weighs.
    """

    ids: tuple[int, ...]
    label: str
    exact: bool
    own: int = 0


@dataclass(frozen=True, slots=True)
class Lessons:
    """The fewest lessons: with ``count`` more exemplars like the query, taught as ``label`` (in full), it wins."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Flips:
    """The answer: how to flip the decision to ``to``, or to any other class if it is None. What cannot be done is None.

    ``winner`` is what wins now. Both levels are those of the question.
    """

    winner: str | None
    to: str | None
    strikes: Flip | None
    lessons: Lessons | None


def flips(
    memory: WholeMemory,
    vector: F32,
    scheme: VotingScheme | None = None,
    *,
    to: str | None = None,
    exclude: Collection[int] = (),
    own: int | None = None,
    budget_s: float = BUDGET_S,
    patient: bool = True,
    most: int = MOST,
    report: Report = silent,
) -> Flips:
    """How to change the decision on ``vector``, (dim,) float32 of unit length, to the label ``to``.

    Without a ``scheme`` it is that of the memory's settings, at the full label; ``exclude`` names exemplars that do not
    vote this time, ``own`` the exemplar that the query is, as in ``decide_vector``; the other arguments are those of
    ``fewest_strikes``.
    """
    scheme = scheme or VotingScheme.of(memory.settings)
    snapshot, searcher = memory.snapshot, memory.searcher
    counted, scope = leave_own_out(snapshot, Scope.of("auto", exclude, own=own))

    def retrieve(count: int) -> tuple[I64, F64]:
        found = searcher.nearest(snapshot, vector, count, excluded=scope.exclude, different=scheme.joint)
        if scheme.joint:
            found = all_behind(snapshot, found, scope.exclude)
        return found.rows, found.distances

    decision = decide(snapshot, *retrieve(scheme.k), scheme, own=counted)
    target = None if to is None else at_level(to, scheme.level)
    excluded = np.flatnonzero(np.isin(snapshot.ids, list(scope.exclude)))
    struck = fewest_strikes(
        snapshot,
        retrieve,
        scheme,
        to=target,
        excluded=excluded,
        own=counted,
        budget_s=budget_s,
        patient=patient,
        most=most,
        report=report,
    )
    strikes = None if struck is None else _flip(snapshot, struck.rows, struck.label, scheme.level, exact=struck.exact)
    towards = target or (strikes.label if strikes else _second(decision))
    lessons = None
    if towards is not None:
        counts = others_counted(snapshot, np.arange(len(snapshot.labels)), counted)
        label = _full(dict(zip(snapshot.labels, counts.tolist(), strict=True)), decision, towards, to)
        count = fewest_lessons(snapshot, retrieve, scheme, vector=vector, label=label, own=counted)
        lessons = None if count is None else Lessons(label, count)
    return Flips(decision.label, target, strikes, lessons)


def _flip(snapshot: Snapshot, rows: tuple[int, ...], label: str, level: int, *, exact: bool) -> Flip:
    at = np.array(rows, np.int64)
    names = [snapshot.labels[code] for code in snapshot.label[at].tolist()]
    own = sum(at_level(name, level) == label for name in names)
    return Flip(tuple(snapshot.ids[at].tolist()), label, exact, own)


def _second(decision: Decision) -> str | None:
    return next((label for label in decision.shares if label != decision.label), None)


def _full(counts: Mapping[str, int], decision: Decision, towards: str, to: str | None) -> str:
    """The full label to teach for the class ``towards``: ``to`` if it has exemplars or is a full label itself.

    ``counts`` are the exemplars of each label.
    """
    if to is not None and (counts.get(to) or not decision.level):
        return to
    shares = shares_by_label(n for n in decision.neighbours if at_level(n.label, decision.level) == towards)
    if shares:
        return max(shares, key=lambda name: shares[name])
    below = {name: count for name, count in counts.items() if count and at_level(name, decision.level) == towards}
    return max(below, key=lambda name: below[name]) if below else (to or towards)
