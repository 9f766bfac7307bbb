"""What is usual in a memory, measured on its own exemplars, each decided by the others."""

from __future__ import annotations

from dataclasses import dataclass

from visualmemory_gui.engine.decision import class_sets, confidence, novelty
from visualmemory_gui.engine.decision.class_sets import ClassSets
from visualmemory_gui.engine.decision.confidence import Confidence
from visualmemory_gui.engine.decision.leave_one_out import NearestMany
from visualmemory_gui.engine.decision.novelty import Limits, OwnFigures, Thresholds
from visualmemory_gui.engine.decision.sample import ExemplarVotes
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class OwnMeasures:
    """The figures by which known and unknown are judged, the confidence and the class sets; None: not measured."""

    figures: OwnFigures | None = None
    confidence: Confidence | None = None
    sets: ClassSets | None = None

    @classmethod
    def of(
        cls, snapshot: Snapshot, nearest_many: NearestMany, scheme: VotingScheme, *, report: Report = silent
    ) -> OwnMeasures:
        """Measure all three by one search and one vote."""
        votes = ExemplarVotes.of(snapshot, nearest_many, scheme, report=report)
        return cls(novelty.measure(votes), confidence.measure(votes), class_sets.measure(votes))

    def holds_for(self, scheme: VotingScheme) -> bool:
        """Whether all was measured, on decisions by ``scheme``."""
        return all(each is not None and each.scheme == scheme for each in (self.figures, self.confidence, self.sets))

    def thresholds(self, limits: Limits) -> Thresholds | None:
        """Beyond what a query is unknown."""
        return None if self.figures is None else self.figures.thresholds(limits)
