"""Adding whole classes: how well they are then known, at every level, and what that costs the old ones.

The paper's experiment with new classes (those of NINCO on top of ImageNet's) on the user's own data: nothing is
trained, so the old classes should be decided as before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import NearestMany
from visualmemory_gui.engine.decision.levels import at_level, codes_by_level
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.query_set import QuerySet, winners
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain
from visualmemory_gui.engine.experiments.subsampling import hold_out
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import I64, Bools

SHOTS: tuple[int | None, ...] = (0, 1, 3, 10, None)
HELD_OUT = 0.2
NEW_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Added:
    """The figures after ``shots`` exemplars of each new class (None: all that are not held out).

    ``new_by_level`` is the share of new queries that are right at each level (0: the full label). ``old_before`` and
    ``old_after`` are over the same old queries, ``change`` is their paired difference, ``lost`` and ``gained`` count
    queries that became wrong and right.
    """

    shots: int | None
    new_by_level: Mapping[int, float]
    old_before: float
    old_after: float
    change: Gain
    lost: int
    gained: int


@dataclass(frozen=True, slots=True)
class ClassStudy:
    """The experiment's result; ``steps`` holds one entry for each number of exemplars, fewest first."""

    new_classes: tuple[str, ...]
    old_classes: int
    new_queries: int
    old_queries: int
    voting: VotingScheme
    seed: int
    steps: tuple[Added, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        steps = [
            {**asdict(step), "new_by_level": {str(level): x for level, x in step.new_by_level.items()}}
            for step in self.steps
        ]
        return {**asdict(self), "voting": self.voting.to_dict(), "steps": steps}


def add_classes(
    snapshot: Snapshot,
    scheme: VotingScheme,
    *,
    new: Sequence[str] | None = None,
    shots: Sequence[int | None] = SHOTS,
    seed: int = 0,
    related: bool = False,
    search: NearestMany = nearest_exact,
    report: Report = silent,
) -> ClassStudy:
    """Take the classes ``new`` out of the memory and add them back step by step; a fifth of each class is the queries.

    Without ``new`` a fifth of the classes is drawn; ``related`` draws only those that share their first part with a
    class that stays, so that a level above them can be right before any exemplar is added. Raises BadValue where no
    class could be new, or none would be old. ``search`` is exact.
    """
    rest, out = hold_out(snapshot, HELD_OUT, seed=seed)
    codes = _new_codes(snapshot, rest, out, new, related=related, seed=seed)
    is_new = np.isin(snapshot.label, codes)
    old, asked_old, asked_new = rest[~is_new[rest]], out[~is_new[out]], out[is_new[out]]
    if not len(old) or not len(asked_old):
        raise BadValue("no class would be old: name fewer new classes")
    pools = _pools(snapshot, rest[is_new[rest]], codes, seed=seed)
    old_queries, new_queries = QuerySet.exemplars(snapshot, asked_old), QuerySet.exemplars(snapshot, asked_new)
    levels = codes_by_level(snapshot.labels)
    report(0, len(shots) + 1, "asking the old classes")

    def old_right(memory: Snapshot) -> Bools:
        near = old_queries.neighbours(memory, search, scheme.k, different=scheme.joint)
        right: Bools = winners(near, scheme) == old_queries.truth
        return right

    before = old_right(snapshot.changed(active=snapshot.among(old)))
    steps = []
    for done, n in enumerate(shots, start=1):
        report(done, len(shots) + 1, "adding classes")
        memory = snapshot.changed(active=snapshot.among(np.concatenate([old, *(pool[:n] for pool in pools)])))
        near = new_queries.neighbours(memory, search, scheme.k, different=scheme.joint)
        by_level = {
            level: float((winners(near, scheme, at) == at[new_queries.truth]).mean()) for level, at in levels.items()
        }
        steps.append(_step(n, by_level, before, old_right(memory), seed=seed))
    report(len(shots) + 1, len(shots) + 1)
    return ClassStudy(
        tuple(snapshot.labels[code] for code in codes.tolist()),
        len(np.unique(snapshot.label[old])),
        len(asked_new),
        len(asked_old),
        scheme,
        seed,
        tuple(steps),
    )


def _new_codes(snapshot: Snapshot, rest: I64, out: I64, new: Sequence[str] | None, *, related: bool, seed: int) -> I64:
    """Codes of the new classes, increasing; each has exemplars to teach and to test with."""
    there = np.intersect1d(snapshot.label[rest], snapshot.label[out]).astype(np.int64)
    if new is not None:
        wanted = set(new)
        codes = np.array([c for c in there.tolist() if snapshot.labels[c] in wanted], np.int64)
        if not len(codes):
            raise BadValue("none of the new classes has enough images to teach and to test with: at least two")
        return codes
    if related:
        first = Counter(at_level(snapshot.labels[c], 1) for c in there.tolist())
        there = np.array([c for c in there.tolist() if first[at_level(snapshot.labels[c], 1)] > 1], np.int64)
    wanted_count = max(1, round(NEW_SHARE * len(there)))
    if len(there) <= wanted_count:
        raise BadValue(f"{len(there)} classes have enough exemplars to teach and to test with; at least two are needed")
    return np.sort(np.random.default_rng(seed).choice(there, wanted_count, replace=False))


def _pools(snapshot: Snapshot, rows: I64, codes: I64, *, seed: int) -> list[I64]:
    """The rows to teach of each new class, in order."""
    rng = np.random.default_rng(seed)
    return [rng.permutation(rows[snapshot.label[rows] == code]) for code in codes]


def _step(shots: int | None, by_level: Mapping[int, float], before: Bools, after: Bools, *, seed: int) -> Added:
    return Added(
        shots,
        by_level,
        old_before=float(before.mean()),
        old_after=float(after.mean()),
        change=paired_gain(before, after, seed=seed),
        lost=int((before & ~after).sum()),
        gained=int((~before & after).sum()),
    )
