"""How often a memory is right about its own exemplars, and what that has gained since an earlier time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial

import numpy as np

from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.query_set import ExemplarLabels, QueryLists, QuerySet, own_queries, winners
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain
from visualmemory_gui.engine.evaluation.winners import at_once
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.types import I64, Bools


@dataclass(frozen=True, eq=False)
class OwnAccuracy:
    """Exemplars by id (q,), each decided by all others under the memory's settings, at the full label.

    ``truth`` and ``winner`` (q,) are places in ``names``, ABSENT where nothing won; ``unit`` is equal where exemplars
    belong together.
    """

    ids: I64
    names: tuple[str, ...]
    truth: I64
    winner: I64
    unit: I64

    @classmethod
    def of(cls, m: VisualMemory, since: OwnAccuracy | None = None) -> OwnAccuracy:
        """Of all active exemplars; of those asked ``since`` then, struck out meanwhile or not, whose label is the same.

        Raises BadValue where there is nothing to be wrong about, or none left with the same label.
        """
        snapshot, scheme = m.snapshot, VotingScheme.of(m.settings)
        asked = own_queries(snapshot) if since is None else QuerySet.earlier(snapshot, since.unchanged(m))
        lists = QueryLists(asked, partial(m.searcher.nearest_many, mode="exact"), scheme=scheme)
        size = at_once(min(scheme.k, snapshot.active_count))
        parts = [np.arange(start, min(start + size, len(asked))) for start in range(0, len(asked), size)]
        winner = np.concatenate([winners(lists.neighbours(which=part), scheme) for part in parts])
        return cls(asked.ids, asked.names, asked.truth, winner, asked.unit)

    @property
    def right(self) -> Bools:
        right: Bools = self.winner == self.truth
        return right

    @property
    def by_class(self) -> dict[str, tuple[int, float]]:
        """How many exemplars of each class were asked, and which part was decided right; the least first."""
        asked, right = (np.bincount(codes, minlength=len(self.names)) for codes in (self.truth, self.truth[self.right]))
        found = {self.names[code]: (int(asked[code]), right[code] / asked[code]) for code in np.flatnonzero(asked)}
        return dict(sorted(found.items(), key=lambda item: (item[1][1], -item[1][0], item[0])))

    @property
    def mistakes(self) -> list[tuple[str, str, int]]:
        """Classes, what they are taken for ("" for no answer), and how often; the most frequent first."""
        wrong = np.flatnonzero(~self.right)
        pairs = zip(self.truth[wrong].tolist(), self.winner[wrong].tolist(), strict=True)
        counts = Counter((self.names[true], "" if won == ABSENT else self.names[won]) for true, won in pairs)
        return [(true, won, count) for (true, won), count in counts.most_common()]

    def unchanged(self, m: VisualMemory) -> ExemplarLabels:
        """The exemplars that are still in ``m`` under the label they had here. Raises BadValue for none."""
        snapshot, rows = m.snapshot, m.snapshot.rows_if_here(self.ids)
        labels = [self.names[code] for code in self.truth.tolist()]
        now = [snapshot.labels[snapshot.label[row]] if row >= 0 else None for row in rows.tolist()]
        same = np.array([one == label for one, label in zip(now, labels, strict=True)])
        if not same.any():
            raise BadValue("no exemplar of that run has the label it had: evaluate without comparing")
        return ExemplarLabels(self.ids[same], tuple(label for label, stays in zip(labels, same, strict=True) if stays))

    def since(self, before: OwnAccuracy) -> tuple[Gain, int, int]:
        """What changed from ``before``, in which all of these were asked: the gain, how many decisions are right now
        and were wrong, and how many the other way round."""
        was = dict(zip(before.ids.tolist(), before.right.tolist(), strict=True))
        then, now = np.array([was[one] for one in self.ids.tolist()]), self.right
        gain = paired_gain(then, now, groups=self.unit)
        return gain, int((now & ~then).sum()), int((then & ~now).sum())
