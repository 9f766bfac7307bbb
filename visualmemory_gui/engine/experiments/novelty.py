"""Novelty: how well images of classes the memory does not hold differ from its own, and what each test for unknown
images finds and loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, NearestMany, Related, own_class
from visualmemory_gui.engine.decision.novelty import Limits, Thresholds, judge_many, total_of
from visualmemory_gui.engine.decision.own_measures import OwnMeasures
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.sample import ExemplarVotes
from visualmemory_gui.engine.decision.votes import winners_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.query_set import QuerySet
from visualmemory_gui.engine.evaluation.statistics import split
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools

ACCEPTED = 0.95
MOST_KNOWN = 4000
QUANTILES = (0.9, 0.95, 0.98, 0.99, 0.995)
HIDDEN = 0.2

Reason = Literal["unlike", "between", "both"]


@dataclass(frozen=True, slots=True)
class Losses:
    """Which part of the unknown images a test finds, and which part of the known ones it loses: of all, of those that
    are decided right, and of those decided wrong. None where there are no such images."""

    found: float
    lost: float
    lost_right: float | None
    lost_wrong: float | None

    @classmethod
    def of(cls, found: Bools, lost: Bools, right: Bools) -> Losses:
        """Of unknown images ``found`` and known ones ``lost``, which are decided ``right``."""
        right_lost, wrong_lost = lost[right], lost[~right]
        return cls(
            float(found.mean()),
            float(lost.mean()),
            float(right_lost.mean()) if len(right_lost) else None,
            float(wrong_lost.mean()) if len(wrong_lost) else None,
        )


@dataclass(frozen=True, slots=True)
class ReasonStudy:
    """One test, or both together. ``auroc`` is the chance that it ranks an unknown image above a known one (ties count
    half). ``at`` are the losses by quantile: that part of *other* known images is taken for known. ``in_use`` are those
    of the memory as it is set, ``quantile`` its own; None where the test is off or was not measured."""

    auroc: float
    at: Mapping[float, Losses]
    in_use: Losses | None
    quantile: float | None

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {**asdict(self), "at": {f"{quantile:g}": asdict(each) for quantile, each in self.at.items()}}


@dataclass(frozen=True, slots=True)
class NoveltyStudy:
    """``known`` and ``unknown`` are the statistics (mean distance to the m nearest of other content, see
    ``decision.novelty``) of the judged queries.

    ``auroc`` is the chance that an unknown image is farther than a known one (ties count half). ``fpr_at_95`` is the
    share of unknown images taken for known at the ``threshold`` below which 95 % of *other* known images lie;
    ``accepted`` is the share of the judged known ones below it. ``told_unknown`` and ``told_known`` say how often the
    memory calls unknown and known images unknown, None if it cannot tell. ``reasons`` has a study of each test that
    there is under the voting rule, and of both together. ``hidden`` are the classes that were hidden from the memory to
    have unknown images, () where they came from elsewhere.
    """

    known: tuple[float, ...]
    unknown: tuple[float, ...]
    auroc: float
    fpr_at_95: float
    threshold: float
    accepted: float
    told_unknown: float | None
    told_known: float | None
    voting: VotingScheme
    reasons: Mapping[Reason, ReasonStudy]
    hidden: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        reasons = {name: each.to_json() for name, each in self.reasons.items()}
        return {**asdict(self), "voting": self.voting.to_dict(), "reasons": reasons}


def measure_novelty(
    snapshot: Snapshot,
    unknown: Queries,
    thresholds: Thresholds | None,
    *,
    scheme: VotingScheme,
    seed: int = 0,
    search: NearestMany = nearest_exact,
    report: Report = silent,
) -> NoveltyStudy:
    """Compare the memory's own exemplars (leave-one-out, at most 4,000) with images of classes it does not hold.

    Half of the known images set the threshold, the other half is judged, split by group and stratified by label. Raises
    BadValue without unknown images, or with too few exemplars. ``search`` is exact.
    """
    _require(len(unknown.labels), snapshot)
    whole = unknown.added_to(snapshot, active=False)
    strange = np.arange(len(snapshot), len(whole))
    return _study(whole, strange, thresholds, scheme=scheme, seed=seed, search=search, report=report)


def hide_classes(
    snapshot: Snapshot,
    limits: Limits,
    *,
    scheme: VotingScheme,
    seed: int = 0,
    search: NearestMany = nearest_exact,
    report: Report = silent,
) -> NoveltyStudy:
    """The same with a fifth of the memory's own classes, drawn by ``seed``, as if it had never seen them.

    Raises BadValue with fewer than two classes.
    """
    codes = np.flatnonzero(snapshot.counts)
    if len(codes) < 2:
        raise BadValue("to hide a class, the memory needs at least two")
    drawn = np.random.default_rng(seed).permutation(codes)[: max(1, round(HIDDEN * len(codes)))]
    gone = snapshot.active & np.isin(snapshot.label, drawn)
    without = snapshot.changed(active=snapshot.active & ~gone)
    strange = np.flatnonzero(gone)
    _require(len(strange), without)
    usual = OwnMeasures.of(without, search, scheme, report=report)
    hidden = tuple(sorted(snapshot.labels[code] for code in drawn.tolist()))
    thresholds = usual.thresholds(limits)
    return _study(without, strange, thresholds, scheme=scheme, seed=seed, hidden=hidden, search=search, report=report)


def _require(strange: int, snapshot: Snapshot) -> None:
    if not strange or snapshot.active_count < 4:
        raise BadValue("unknown images and at least four exemplars are needed for a comparison")


def _study(
    memory: Snapshot,
    strange: I64,
    thresholds: Thresholds | None,
    *,
    scheme: VotingScheme,
    seed: int,
    search: NearestMany,
    report: Report,
    hidden: tuple[str, ...] = (),
) -> NoveltyStudy:
    """``strange`` are rows of unknown images in ``memory``, in which they are not active."""
    rows = np.flatnonzero(memory.active)
    if len(rows) > MOST_KNOWN:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_KNOWN, replace=False))
    own = QuerySet.exemplars(memory, rows)
    known = _Asked.of(memory, rows, scheme, thresholds, search, report=report)
    far = _Asked.of(memory, strange, scheme, thresholds, search, report=report)
    part = split(own.truth, own.unit, (1, 1), seed=seed)
    fitted, judged = known.part(np.flatnonzero(part == 0)), known.part(np.flatnonzero(part == 1))
    threshold = float(np.quantile(fitted.distance, ACCEPTED))
    able = thresholds is not None and bool(thresholds.distances or thresholds.totals)
    return NoveltyStudy(
        known=tuple(judged.distance.tolist()),
        unknown=tuple(far.distance.tolist()),
        auroc=auroc(judged.distance, far.distance),
        fpr_at_95=float((far.distance <= threshold).mean()),
        threshold=threshold,
        accepted=float((judged.distance <= threshold).mean()),
        told_unknown=float(far.beyond("both").mean()) if able else None,
        told_known=float(judged.beyond("both").mean()) if able else None,
        voting=scheme,
        reasons=_reasons(fitted, judged, far, thresholds, scheme),
        hidden=hidden,
    )


def _reasons(
    fitted: _Asked, judged: _Asked, far: _Asked, thresholds: Thresholds | None, scheme: VotingScheme
) -> dict[Reason, ReasonStudy]:
    names: tuple[Reason, ...] = ("unlike", "between", "both") if scheme.joint else ("unlike",)
    found: dict[Reason, ReasonStudy] = {}
    for name in names:
        usual, here, there = (each.score(name, fitted) for each in (fitted, judged, far))
        limits = None if thresholds is None else thresholds.limits
        quantile = None if limits is None or name == "both" else getattr(limits, name)
        used = limits is not None and (quantile is not None or (name == "both" and limits != (None, None)))
        at = {}
        for each in QUANTILES:
            limit = np.quantile(usual, each)
            at[each] = Losses.of(there > limit, here > limit, judged.right)
        in_use = Losses.of(far.beyond(name), judged.beyond(name), judged.right) if used else None
        found[name] = ReasonStudy(auroc(here, there), at, in_use, quantile)
    return found


def auroc(known: Sequence[float] | F64, unknown: Sequence[float] | F64) -> float:
    """The chance that one of ``unknown`` is larger than one of ``known``; equal values count half."""
    low = np.sort(np.asarray(known))
    below, upto = np.searchsorted(low, unknown, "left"), np.searchsorted(low, unknown, "right")
    return float((below + upto).mean() / (2 * len(low)))


@dataclass(frozen=True, eq=False)
class _Asked:
    """q queries: the figures of both tests, what the memory says of them, and whether they are decided right."""

    distance: F64
    total: F64
    unlike: Bools
    between: Bools
    right: Bools

    @classmethod
    def of(
        cls,
        memory: Snapshot,
        rows: I64,
        scheme: VotingScheme,
        thresholds: Thresholds | None,
        search: NearestMany,
        *,
        report: Report,
    ) -> _Asked:
        votes = ExemplarVotes.of(memory, search, scheme, rows=rows, report=report)
        winner, _ = winners_of(votes.codes, votes.votes, tie=scheme.tie)
        judged = judge_many(
            memory,
            votes.near,
            votes.distances,
            scheme,
            winner=winner,
            total=total_of(votes.codes, votes.alone, winner),
            thresholds=thresholds,
            related=Related.of(memory, votes.near, ContentKeys.of(memory, rows)),
            own=own_class(memory, rows),
        )
        # A query without a neighbour is as far from everything, and as little explained, as can be.
        distance = np.where(np.isnan(judged.statistic), 2.0, judged.statistic)
        total = np.where(np.isnan(judged.total), 0.0, judged.total)
        return cls(distance, total, judged.unlike, judged.between, winner == memory.label[rows])

    def part(self, which: I64) -> _Asked:
        """Those at these places."""
        return _Asked(
            self.distance[which], self.total[which], self.unlike[which], self.between[which], self.right[which]
        )

    def beyond(self, reason: Reason) -> Bools:
        """What the memory calls unknown by this test, or by any."""
        if reason == "both":
            return self.unlike | self.between
        return self.unlike if reason == "unlike" else self.between

    def score(self, reason: Reason, usual: _Asked) -> F64:
        """The larger, the more it looks unknown.

        Of both tests together: the larger of the parts of ``usual`` that look less so by one of them.
        """
        if reason == "unlike":
            return self.distance
        if reason == "between":
            return -self.total
        parts = [_part_below(self.score(each, usual), usual.score(each, usual)) for each in ("unlike", "between")]
        return np.maximum(*parts)


def _part_below(scores: F64, usual: F64) -> F64:
    return np.searchsorted(np.sort(usual), scores, "left") / max(len(usual), 1)
