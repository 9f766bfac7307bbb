"""How many more exemplars like the query it takes until a class wins: the twin of the smallest set of strikes."""

from __future__ import annotations

import numpy as np

from visualmemory_gui.engine.decision.ballot import Retrieve
from visualmemory_gui.engine.decision.factor import class_factor as factor_of
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.votes import tally, weights
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32


def fewest_lessons(
    snapshot: Snapshot, retrieve: Retrieve, scheme: VotingScheme, *, vector: F32, label: str
) -> int | None:
    """The fewest copies of the query's ``vector`` taught as ``label`` (in full) after which its class wins.

    0 where it wins already. None where no number does it: exemplars with the query's own vector stand first.
    """
    rows, distances = retrieve(scheme.k)
    names = snapshot.labels
    codes = [names[code] for code in snapshot.label[rows].tolist()]
    counts, trust = snapshot.counts[snapshot.label[rows]], snapshot.trust[rows]
    mine = np.array([name == label for name in codes], bool)
    here = int(snapshot.counts[names.index(label)]) if label in names else 0
    own = own_distance(vector)
    before = int(np.searchsorted(distances, own, side="right"))  # of equal distances the older ids stand first
    wanted = at_level(label, scheme.level)
    for count in range(scheme.k + 1):
        place = slice(0, scheme.k)
        far = np.insert(distances, [before] * count, own)[place]
        scale = np.insert(trust, [before] * count, 1.0)[place]
        if scheme.class_factor:
            of = np.insert(np.where(mine, here + count, counts), [before] * count, here + count)
            scale = scale * factor_of(of[place])
        votes = weights(scheme.rule, far) * scale
        said = [*codes[:before], *[label] * count, *codes[before:]][place]
        if tally([at_level(name, scheme.level) for name in said], votes.tolist()).winner == wanted:
            return count
    return None


def own_distance(vector: F32) -> float:
    """The distance of an exemplar with the query's own vector, as every search measures it."""
    wide = vector.astype(np.float64)
    similarity = float(np.einsum("ij,j->i", wide[None], wide)[0])
    return min(max(1.0 - similarity, 0.0), 2.0)
