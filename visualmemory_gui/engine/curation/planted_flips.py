"""Flips planted to measure a review: labels changed at random in the arrays, never on disk, and what finds them.

They measure how many wrong labels a list finds, its recall, which carries over to a memory's own wrong labels as far as
those are random. They do not measure how many of a list are wrong: that depends on how many wrong labels there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.curation.label_votes import LabelVotes, Verdict
from visualmemory_gui.engine.types import F64, I64, Bools

PART = 0.05
WANTED = 0.5
"""The part of the planted flips that are to be found."""

ENOUGH = 400
MOST_DRAWS = 20
FEWEST = 50
"""Exemplars below which too few flips can be planted to tell anything."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the list of suspects is cut: above it lie those with an own share below ``own``, and of those that have
    that very share the ones against which a label has at least ``share``.

    ``recall`` is the part that lies above it of ``planted`` flips.
    """

    own: float
    share: float
    recall: float
    planted: int

    def above(self, own: F64, share: F64) -> Bools:
        """Which of these suspects, (n,) each, lie above it."""
        out: Bools = (own < self.own) | ((own == self.own) & (share >= self.share))
        return out


def cut(votes: LabelVotes, labels: I64, *, wanted: float = WANTED, seed: int = 0) -> Cut | None:
    """The cut that finds ``wanted`` of the flips planted among ``labels``, the codes of all rows of the snapshot.

    Where the whole list finds fewer, its end. None under 50 exemplars, or where all are of one class.
    """
    n = len(votes.asked)
    classes = np.unique(labels[votes.asked])
    if n < FEWEST or len(classes) < 2:
        return None
    each = max(1, round(PART * n))
    draws = min(MOST_DRAWS, -(-ENOUGH // each))
    rng = np.random.default_rng(seed)
    found = [_planted(votes, labels, classes, rng, each) for _ in range(draws)]
    own, share = (np.concatenate([getattr(one, name)[one.contradicted] for one in found]) for name in ("own", "share"))
    planted = draws * each
    if not len(own):
        return Cut(-1.0, 0.0, 0.0, planted)
    order = np.lexsort((-share, own))
    last = order[min(max(round(wanted * planted), 1), len(order)) - 1]
    made = Cut(float(own[last]), float(share[last]), 0.0, planted)
    return Cut(made.own, made.share, float(made.above(own, share).sum() / planted), planted)


def _planted(votes: LabelVotes, labels: I64, classes: I64, rng: np.random.Generator, each: int) -> Verdict:
    """The verdict on ``each`` exemplars that were given the label of another class."""
    chosen = rng.choice(len(votes.asked), size=each, replace=False)
    rows = votes.asked[chosen]
    place = np.searchsorted(classes, labels[rows])
    other = rng.integers(0, len(classes) - 1, size=each)
    flipped = labels.copy()
    flipped[rows] = classes[other + (other >= place)]
    return votes.verdict(flipped, chosen)
