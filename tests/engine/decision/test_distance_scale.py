from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import clustered
from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision.distance_scale import Closeness, measure


def test_the_part_farther_apart_falls_from_one_to_nothing() -> None:
    known = Closeness(np.array([0.1, 0.2, 0.2, 0.4]), change=1)
    assert [known.share_farther(d) for d in (0.0, 0.1, 0.2, 0.3, 0.4)] == [1.0, 0.75, 0.25, 0.25, 0.0]


def test_a_few_pairs_are_all_taken_and_only_pairs_of_one_class() -> None:
    vectors, labels = clustered(30, dim=8, classes=3, seed=1)
    found = measure(snapshot_of(labels, vectors)).distances
    by_hand = sorted(
        1.0 - float(vectors[i].astype(float) @ vectors[j].astype(float))
        for i in range(30)
        for j in range(i)
        if labels[i] == labels[j]
    )
    np.testing.assert_allclose(found, by_hand, atol=1e-12)


def test_many_pairs_are_sampled_like_all_of_them() -> None:
    vectors, labels = clustered(400, dim=8, classes=2, seed=2)
    snapshot = snapshot_of(labels, vectors)
    sampled, every = measure(snapshot), measure(snapshot, pairs=100_000)
    assert len(sampled.distances) == 2000 < len(every.distances)
    for share in (0.1, 0.5, 0.9):
        assert sampled.share_farther(float(np.quantile(every.distances, share))) == pytest.approx(1 - share, abs=0.04)


def test_the_same_seed_draws_the_same_pairs() -> None:
    vectors, labels = clustered(400, dim=8, classes=4, seed=3)
    snapshot = snapshot_of(labels, vectors)
    np.testing.assert_array_equal(measure(snapshot, seed=5).distances, measure(snapshot, seed=5).distances)


def test_struck_exemplars_and_copies_of_one_image_are_no_pairs() -> None:
    vectors, _ = clustered(9, dim=8, classes=1, seed=4)
    active = [True] * 7 + [False] * 2
    assert len(measure(snapshot_of(["a"] * 9, vectors, active=active)).distances) == 21
    copies = [1, 1, 3, 4, 5, 6, 7, 8, 9]
    assert len(measure(snapshot_of(["a"] * 9, vectors, content=copies)).distances) == 35


@pytest.mark.parametrize("labels", [[], ["a"], ["a", "b", "c"], ["a", "a", "b"]])
def test_too_few_pairs_cannot_tell(labels: list[str]) -> None:
    snapshot = snapshot_of(labels, np.eye(8, dtype=np.float32)[: len(labels)])
    assert measure(snapshot).share_farther(0.5) is None


def test_it_is_stale_once_more_than_a_twentieth_changed() -> None:
    vectors, labels = clustered(40, dim=8, classes=1, seed=5)
    now = snapshot_of(labels, vectors, change=7)
    assert measure(snapshot_of(labels, vectors, change=6)).stale(now)
    assert not measure(now).stale(now)
