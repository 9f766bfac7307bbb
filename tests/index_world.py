"""A small world for tests of search: a working set that is edited, and the truth by brute force."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from visualmemory_gui.engine.index.search import SearchResult
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.snapshot import Now, Rows, Snapshot, WorkingSet
from visualmemory_gui.engine.types import F32, F64, I64


def random_vectors(n: int, dim: int, *, seed: int) -> F32:
    return gate(np.random.default_rng(seed).normal(size=(n, dim)), dim)


def twin_hashes(vectors: F32) -> I64:
    digests = [hashlib.blake2b(v.tobytes(), digest_size=8).digest() for v in vectors]
    return np.frombuffer(b"".join(digests), ">i8").astype(np.int64)


class World:
    """Exemplars 1, 2, … with the given vectors; each edit gives them a new snapshot and change number."""

    def __init__(self, vectors: F32, *, struck: Sequence[int] = ()) -> None:
        self.vectors = vectors
        self.change = 1
        active = np.ones(len(vectors), bool)
        active[np.array(struck, np.int64) - 1] = False
        rows = self._rows(np.arange(1, len(vectors) + 1), vectors, active)
        self._set = WorkingSet(rows, change=1, load_vectors=lambda ids: self.vectors[ids - 1])

    @property
    def snapshot(self) -> Snapshot:
        return self._set.snapshot

    def set_active(self, ids: Sequence[int], active: bool) -> Snapshot:
        self.change += 1
        wanted = np.unique(np.array(ids, np.int64))
        return self._set.apply(self.change, old=[Now(i, "thing", active, 1.0, self.change) for i in wanted.tolist()])

    def add(self, vectors: F32) -> Snapshot:
        self.change += 1
        first = len(self.vectors) + 1
        self.vectors = np.concatenate((self.vectors, vectors))
        rows = self._rows(np.arange(first, first + len(vectors)), vectors, np.ones(len(vectors), bool))
        return self._set.apply(self.change, new=(rows, vectors))

    def _rows(self, ids: I64, vectors: F32, active: np.ndarray) -> Rows:
        n = len(ids)
        none = np.zeros(n, np.int64)
        twins = twin_hashes(vectors) if n else none
        return Rows(
            ids, np.zeros(n, np.int32), ("thing",), active, np.ones(n), none, none, twins, np.full(n, self.change), none
        )


def all_distances(snapshot: Snapshot, query: F32) -> F64:
    """The distance of every row, computed the plain way in float64."""
    return np.array([1.0 - float(np.dot(v, query.astype(float))) for v in snapshot.vectors.astype(float)]).clip(0, 2)


def assert_nearest(
    found: SearchResult, snapshot: Snapshot, query: F32, k: int, *, excluded: Sequence[int] = ()
) -> None:
    """``found`` is right: distances are the k smallest, rows may vote, order is by (distance, id)."""
    distances = all_distances(snapshot, query)
    may = np.flatnonzero(snapshot.active & ~np.isin(snapshot.ids, np.array(excluded, np.int64)))
    assert len(found.rows) == min(k, len(may))
    assert np.isin(found.rows, may).all()
    assert len(np.unique(found.rows)) == len(found.rows)
    np.testing.assert_allclose(found.distances, np.sort(distances[may])[:k], atol=1e-12)
    np.testing.assert_allclose(found.distances, distances[found.rows], atol=1e-12)
    assert (np.lexsort((found.rows, found.distances)) == np.arange(len(found.rows))).all()
