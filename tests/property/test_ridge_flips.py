"""Single strikes under the ridge rule, all really made; with SOAK on a thousand memories and two hundred queries."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import clustered
from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision.decide import decide
from visualmemory_gui.engine.decision.equal_vectors import ordinals
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.ridge_absences import RidgeAbsences
from visualmemory_gui.engine.decision.voting_rules import USUAL
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import CLASS_FACTORS, F32, F64, I64
from visualmemory_gui.engine.what_if.flip_sets import fewest_strikes

SOAK = bool(os.environ.get("SOAK"))
MEMORIES = 1000 if SOAK else 40
QUERIES = 200 if SOAK else 3


def nearest(snapshot: Snapshot, query: F32) -> Callable[[int], tuple[I64, F64]]:
    """So many different vectors, each with all active exemplars that have it."""
    rows = np.flatnonzero(snapshot.active)
    similarity = np.einsum("ij,j->i", snapshot.vectors[rows].astype(np.float64), query.astype(np.float64))
    distances = np.clip(1.0 - similarity, 0.0, 2.0)
    order = np.argsort(distances, kind="stable")
    rows, distances = rows[order], distances[order]
    number = ordinals(snapshot.twin[rows])
    return lambda count: (rows[number < count], distances[number < count])


def winner(snapshot: Snapshot, query: F32, scheme: VotingScheme, struck: tuple[int, ...] = ()) -> str | None:
    left = snapshot.changed(active=snapshot.active & ~snapshot.among(np.array(struck, np.int64)))
    return decide(left, *nearest(left, query)(scheme.k), scheme).label


def strike_all(snapshot: Snapshot, query: F32, scheme: VotingScheme) -> None:
    now = winner(snapshot, query, scheme)
    found = fewest_strikes(snapshot, nearest(snapshot, query), scheme, patient=False, budget_s=0.0)
    flipping = [
        row
        for row in np.flatnonzero(snapshot.active).tolist()
        if winner(snapshot, query, scheme, (row,)) not in (now, None)
    ]
    if found is None:
        assert not flipping
        return
    assert (len(found.rows) == 1) == bool(flipping)
    assert found.exact or len(found.rows) > 1
    assert winner(snapshot, query, scheme, found.rows) == found.label != now


@pytest.mark.parametrize("part", range(8))
def test_a_flip_of_one_is_found_where_there_is_one_in_small_memories(part: int) -> None:
    for seed in range(part, MEMORIES, 8):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 24))
        vectors, _ = clustered(n, dim=4, classes=3, seed=seed, spread=0.8)
        vectors[rng.random(n) < 0.2] = vectors[0]  # copies
        trust = rng.choice([0.05, 0.5, 1.0, 1.0, 1.0, 4.0], n).tolist()
        snapshot = snapshot_of(rng.choice(list("abc"), n).tolist(), vectors, trust=trust)
        query = clustered(1, dim=4, classes=1, seed=seed + 5000, spread=0.8)[0][0]
        strike_all(
            snapshot, query, VotingScheme("ridge", int(rng.integers(1, n + 2)), class_factor=CLASS_FACTORS[seed % 3])
        )


def test_a_flip_of_one_is_found_where_there_is_one_among_a_hundred_neighbours() -> None:
    vectors, labels = clustered(160, dim=24, classes=9, seed=3, spread=1.0)
    vectors[100:104] = vectors[100]
    snapshot = snapshot_of(labels, vectors)
    queries, _ = clustered(QUERIES, dim=24, classes=9, seed=4, spread=1.0)
    for query in queries:
        strike_all(snapshot, query, VotingScheme("ridge", 100, class_factor="mean"))


def test_weights_without_some_are_those_of_solving_without_them() -> None:
    rng = np.random.default_rng(0)
    vectors = clustered(70, dim=16, classes=5, seed=1, spread=0.9)[0].astype(np.float64)
    vectors[40:43] = vectors[40]
    distances = np.sort(1.0 - vectors @ vectors[0])
    snapshot = snapshot_of(["a"] * 70, vectors.astype(np.float32))
    order = np.argsort(1.0 - vectors @ vectors[0], kind="stable")
    cosines = np.clip(vectors[order] @ vectors[order].T, -1.0, 1.0)
    number = ordinals(snapshot.twin[order])
    absences = RidgeAbsences(cosines, distances, number)
    first = np.unique(number, return_index=True)[1]
    for _ in range(3):
        gone = rng.random((50, len(first))) < rng.choice([0.02, 0.2, 0.6])
        voice = np.where(gone, 0.0, rng.choice([0.3, 1.0, 1.0, 2.0], gone.shape))
        near = replace(
            NeighbourArrays.plain(np.broadcast_to(distances[first], voice.shape), trust=voice),
            places=np.broadcast_to(first, voice.shape),
            voices=voice,
        )
        found = absences.weights(near, lambda part, _: part.trust, way=USUAL, gamma=USUAL.gamma)
        for weights, heard in zip(found, voice, strict=True):
            here = np.flatnonzero(heard)
            gram = np.exp(2.0 * (cosines[np.ix_(first[here], first[here])] - 1.0))
            gram[np.diag_indices(len(here))] = 1.0 + 0.3 / heard[here]
            slope = gram @ weights[here] - np.exp(-2.0 * distances[first[here]])
            assert (weights >= 0.0).all() and (weights[heard == 0.0] == 0.0).all()
            assert np.abs(slope[weights[here] > 0.0]).max() < 1e-9 and slope.min() > -1e-9


def test_a_flip_of_many_counts_all_that_its_strikes_pull_in() -> None:
    """Twelve of one class lie before all others: with k = 4 most of them have to go."""
    angle = np.linspace(0.05, 1.2, 40)
    vectors = np.stack([np.cos(angle), np.sin(angle), np.zeros(40)], axis=1)
    vectors[:, 2] = np.random.default_rng(1).normal(size=40) * 0.4
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    query = np.array([1.0, 0.0, 0.0], np.float32)
    order = np.argsort(-(vectors @ query), kind="stable")
    labels = np.array(["far"] * 40, object)
    labels[order[:12]] = "near"
    snapshot = snapshot_of(labels.tolist(), vectors)
    scheme = VotingScheme("ridge", 4, class_factor="off")
    found = fewest_strikes(snapshot, nearest(snapshot, query), scheme, patient=False)
    assert found is not None and len(found.rows) > 4
    assert winner(snapshot, query, scheme, found.rows) == found.label == "far"
