"""What teaching costs and brings: new classes at 1, 3, 5 and 10 exemplars, and what happens to the old ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import LeftOut, NearestMany
from visualmemory_gui.engine.decision.votes import winner_at_each_k
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.study.counting import gather
from visualmemory_gui.engine.study.nearest import nearest_many as by_products
from visualmemory_gui.engine.types import I64, Bools, Rule

SHOTS = (1, 3, 5, 10)

_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Taught:
    """After ``shots`` exemplars of each new class; accuracies in [0, 1].

    ``new`` is over the queries of new classes. ``old_before`` and ``old_after`` are over the same queries of old
    classes, without and with the new classes in the memory; ``lost`` and ``gained`` count those that became wrong and
    right.
    """

    shots: int
    class_factor: bool
    new: float
    old_before: float
    old_after: float
    lost: int
    gained: int


@dataclass(frozen=True, slots=True)
class ShotStudy:
    """``results`` holds one entry for each number of shots, with the class factor off and on."""

    new_classes: tuple[str, ...]
    old_classes: int
    new_queries: int
    old_queries: int
    k: int
    rule: Rule
    seed: int
    results: tuple[Taught, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Split:
    """Rows of the old classes; rows of the new classes' queries; and each new class's rows to teach, in their order."""

    classes: I64
    old: I64
    old_queries: I64
    new_queries: I64
    pools: tuple[I64, ...]


def teach_new_classes(
    snapshot: Snapshot,
    *,
    shots: Sequence[int] = SHOTS,
    new_share: float = 0.2,
    k: int = 10,
    rule: Rule = "rank",
    seed: int = 0,
    most_queries: int = 2000,
    nearest_many: NearestMany = by_products,
    report: Report = silent,
) -> ShotStudy:
    """Take ``new_share`` of the classes out of the memory, teach all of them with n exemplars each, and ask.

    New classes are drawn among those with more active exemplars than the largest n; what is never taught is asked, the
    same queries for every n. Old classes are asked by leave-one-out, at most ``most_queries`` of their exemplars.
    Raises BadValue when there are too few classes for that.
    """
    split = _split(snapshot, most=max(shots), new_share=new_share, most_queries=most_queries, seed=seed)
    ask = _Asker(snapshot, nearest_many, k=k, rule=rule)
    total, done, results = 1 + len(shots), 1, []
    report(0, total, "asking the old classes")
    before = ask(_memory_of(snapshot, split.old), split.old_queries, own=True)
    for n in sorted(shots):
        report(done, total, f"teaching {n} of each new class")
        taught = np.sort(np.concatenate((split.old, *(pool[:n] for pool in split.pools))))
        memory = _memory_of(snapshot, taught)
        old = ask(memory, split.old_queries, own=True)
        results += _compare(n, before, old=old, new=ask(memory, split.new_queries, own=False))
        done += 1
    report(total, total)
    return ShotStudy(
        new_classes=tuple(snapshot.labels[c] for c in split.classes),
        old_classes=len(np.unique(snapshot.label[split.old])),
        new_queries=len(split.new_queries),
        old_queries=len(split.old_queries),
        k=k,
        rule=rule,
        seed=seed,
        results=tuple(sorted(results, key=lambda one: (one.class_factor, one.shots))),
    )


def _split(snapshot: Snapshot, *, most: int, new_share: float, most_queries: int, seed: int) -> _Split:
    rng = np.random.default_rng(seed)
    eligible = np.flatnonzero(snapshot.counts > most)
    wanted = max(1, round(new_share * int((snapshot.counts > 0).sum())))
    if len(eligible) < wanted or int((snapshot.counts > 0).sum()) <= wanted:
        raise BadValue(
            f"{len(eligible)} classes have more than {most} active exemplars; "
            f"{wanted} new ones and at least one old one are needed"
        )
    classes = np.sort(rng.choice(eligible, wanted, replace=False)).astype(np.int64)
    new = snapshot.active & np.isin(snapshot.label, classes)
    old = np.flatnonzero(snapshot.active & ~new)
    mixed = [rng.permutation(np.flatnonzero(new & (snapshot.label == c))) for c in classes]
    old_queries = np.sort(rng.choice(old, min(most_queries, len(old)), replace=False))
    queries = np.sort(np.concatenate([rows[most:] for rows in mixed]))
    return _Split(classes, old, old_queries, queries, tuple(rows[:most] for rows in mixed))


def _memory_of(snapshot: Snapshot, rows: I64) -> Snapshot:
    """The memory in which only ``rows`` are active."""
    active = np.zeros(len(snapshot), bool)
    active[rows] = True
    counts = np.bincount(snapshot.label[rows], minlength=len(snapshot.labels)).astype(np.int64)
    return replace(snapshot, active=active, counts=counts)


class _Asker:
    """Decides rows as queries, each by leave-one-out: right or not, without and with the class factor.

    ``own`` says that the rows are active, so that each is one of its class's exemplars.
    """

    def __init__(self, snapshot: Snapshot, nearest_many: NearestMany, *, k: int, rule: Rule) -> None:
        self._left_out = LeftOut(snapshot)
        self._nearest_many = nearest_many
        self._k = k
        self._rule = rule

    def __call__(self, memory: Snapshot, rows: I64, *, own: bool) -> dict[bool, Bools]:
        parts: dict[bool, list[Bools]] = {False: [], True: []}
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK]
            found = self._nearest_many(
                memory, memory.vectors[part], self._k, excluded_rows=self._without(part), report=silent
            )
            truth = memory.label[part].astype(np.int64)
            for factor, right in parts.items():
                block = gather(memory, found, truth, k=self._k, factor=factor, own=own)
                right.append(winner_at_each_k(block.codes, block.votes(self._rule)).winner[:, -1] == truth)
        return {factor: np.concatenate(right) for factor, right in parts.items()}

    def _without(self, part: I64) -> Callable[[int], I64]:
        return lambda i: self._left_out.rows(int(part[i]))


def _compare(shots: int, before: dict[bool, Bools], *, old: dict[bool, Bools], new: dict[bool, Bools]) -> list[Taught]:
    return [
        Taught(
            shots,
            factor,
            new=float(new[factor].mean()),
            old_before=float(before[factor].mean()),
            old_after=float(old[factor].mean()),
            lost=int((before[factor] & ~old[factor]).sum()),
            gained=int((~before[factor] & old[factor]).sum()),
        )
        for factor in (False, True)
    ]
