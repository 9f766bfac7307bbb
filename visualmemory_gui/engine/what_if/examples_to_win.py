"""How many more exemplars like the query a class needs to win: the counterpart of the smallest set of strikes."""

from __future__ import annotations

import numpy as np

from visualmemory_gui.engine.decision.class_factor import usual_size
from visualmemory_gui.engine.decision.equal_vectors import ordinals
from visualmemory_gui.engine.decision.leave_one_out import others_counted
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays, cosines
from visualmemory_gui.engine.decision.neighbour_pool import Retrieve
from visualmemory_gui.engine.decision.votes import tally
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store.checksum import vector_hash
from visualmemory_gui.engine.types import F32, F64, I64


def fewest_lessons(
    snapshot: Snapshot,
    retrieve: Retrieve,
    scheme: VotingScheme,
    *,
    vector: F32,
    label: str,
    own: I64 | None = None,
) -> int | None:
    """The fewest copies of the query's ``vector`` taught as ``label`` (in full) after which its class wins.

    0 if it wins already. None if no number is enough, because exemplars with the query's own vector come first. ``own``
    is for ``others_counted``.
    """
    rows, distances = retrieve(scheme.k)
    names = tuple(dict.fromkeys((*snapshot.labels, label)))
    code = names.index(label)
    near = NeighbourArrays.of(snapshot, rows, distances, own=own)
    here = int(others_counted(snapshot, np.array([code]), own)[0]) if label in snapshot.labels else 0
    active, classes = snapshot.active_count, snapshot.class_counts()
    apart = own_distance(vector)
    before = int(np.searchsorted(distances, apart, side="right"))  # of equal distances the older ids come first
    wanted = at_level(label, scheme.level)
    twins = np.append(snapshot.twin[rows], vector_hash(vector))
    alike = _alike(snapshot, rows, vector) if scheme.joint else np.empty((0, 0))
    for count in range(scheme.k + 1):
        at = [before] * count
        places = np.insert(np.arange(len(rows)), at, len(rows))
        place: I64 | slice = np.flatnonzero(ordinals(twins[places]) < scheme.k) if scheme.joint else slice(0, scheme.k)
        places = places[place]
        taught = NeighbourArrays(
            np.insert(near.distances, at, apart)[place],
            np.insert(near.trust, at, 1.0)[place],
            np.insert(near.codes, at, code)[place],
            np.insert(np.where(near.codes == code, here + count, near.counts), at, here + count)[place],
            usual_size(active + count, len(classes) + (count > 0 and label not in classes)),
            twins=twins[places],
            places=places,
            compare=lambda at: alike[at[..., :, None], at[..., None, :]],
        )
        said = [at_level(names[one], scheme.level) for one in taught.codes.tolist()]
        if tally(said, scheme.vote_weights(taught).tolist(), tie=scheme.tie).winner == wanted:
            return count
    return None


def _alike(snapshot: Snapshot, rows: I64, vector: F32) -> F64:
    """The cosines of ``rows`` and, behind them, ``vector`` with each other."""
    here = snapshot.vectors_of(rows) if len(rows) else np.empty((0, len(vector)), np.float32)
    return cosines(np.concatenate([here, vector[None]]).astype(np.float64))


def own_distance(vector: F32) -> float:
    """The distance of an exemplar with the query's own vector, as every search computes it."""
    wide = vector.astype(np.float64)
    similarity = float(np.einsum("ij,j->i", wide[None], wide)[0])
    return min(max(1.0 - similarity, 0.0), 2.0)
