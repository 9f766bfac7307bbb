"""How well the memory recognises what it does not know: distances of known and unknown images, and their separation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from visualmemory_gui.engine.decision.novelty import DEPTHS, Thresholds
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.query_set import QuerySet, winners
from visualmemory_gui.engine.evaluation.statistics import split
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64

ACCEPTED = 0.95
MOST_KNOWN = 4000


@dataclass(frozen=True, slots=True)
class NoveltyStudy:
    """``known`` and ``unknown`` are the statistics (mean distance to the m nearest of other content, see
    ``decision.novelty``) of the judged queries.

    ``auroc`` is the chance that an unknown image is farther than a known one (ties count half). ``fpr_at_95`` is the
    share of unknown images taken for known at the ``threshold`` below which 95 % of *other* known images lie;
    ``accepted`` is the share of the judged known ones below it. ``told_unknown`` and ``told_known`` say how often the
    memory's own threshold calls unknown and known images unknown, None if it has none.
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

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {**asdict(self), "voting": self.voting.to_dict()}


def measure_novelty(
    snapshot: Snapshot,
    unknown: Queries,
    thresholds: Thresholds | None,
    *,
    scheme: VotingScheme,
    seed: int = 0,
    report: Report = silent,
) -> NoveltyStudy:
    """Compare the memory's own exemplars (leave-one-out, at most 4,000) with images of classes it does not hold.

    Half of the known images set the threshold, the other half is judged, split by group and stratified by label. Raises
    BadValue without unknown images, or with too few exemplars.
    """
    rows = np.flatnonzero(snapshot.active)
    if not len(unknown.labels) or len(rows) < 4:
        raise BadValue("unknown images and at least four exemplars are needed for a comparison")
    if len(rows) > MOST_KNOWN:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_KNOWN, replace=False))
    whole = unknown.added_to(snapshot, active=False)
    strange = np.arange(len(snapshot), len(whole))
    own = QuerySet.exemplars(whole, rows)
    known, known_m = _statistics(own, scheme, report=report)
    far, far_m = _statistics(QuerySet.exemplars(whole, strange), scheme, report=report)
    part = split(own.truth, own.unit, (1, 1), seed=seed)
    fitted, judged = known[part == 0], known[part == 1]
    threshold = float(np.quantile(fitted, ACCEPTED))
    return NoveltyStudy(
        known=tuple(judged.tolist()),
        unknown=tuple(far.tolist()),
        auroc=auroc(judged, far),
        fpr_at_95=float((far <= threshold).mean()),
        threshold=threshold,
        accepted=float((judged <= threshold).mean()),
        told_unknown=_told(far, far_m, thresholds),
        told_known=_told(judged, known_m[part == 1], thresholds),
        voting=scheme,
    )


def auroc(known: Sequence[float] | F64, unknown: Sequence[float] | F64) -> float:
    """The chance that one of ``unknown`` is larger than one of ``known``; equal values count half."""
    low = np.sort(np.asarray(known))
    below, upto = np.searchsorted(low, unknown, "left"), np.searchsorted(low, unknown, "right")
    return float((below + upto).mean() / (2 * len(low)))


def _statistics(queries: QuerySet, scheme: VotingScheme, *, report: Report) -> tuple[F64, I64]:
    """Statistic and m of each query that has a neighbour."""
    memory = queries.snapshot
    near = queries.neighbours(memory, nearest_exact, max(scheme.k, *DEPTHS), report=report)
    there = near.there.sum(axis=1)
    together = queries.neighbours(memory, nearest_exact, scheme.k, different=True) if scheme.joint else near
    won = winners(together, scheme)
    size = np.where(won >= 0, memory.counts[np.maximum(won, 0)], 0)
    depth = np.minimum(size, there)
    m = np.array([max((m for m in DEPTHS if m <= d), default=0) for d in depth.tolist()], np.int64)
    sums = np.cumsum(np.where(near.there, near.distances, 0.0), axis=1)
    found = m > 0
    return sums[np.flatnonzero(found), m[found] - 1] / m[found], m[found]


def _told(figures: F64, m: I64, thresholds: Thresholds | None) -> float | None:
    if thresholds is None or not thresholds.values:
        return None
    limit = np.array([thresholds.values.get(each, np.nan) for each in m.tolist()])
    return float((figures > limit).mean())
