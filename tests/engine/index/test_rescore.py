"""The order of neighbours: by (distance, id), the same whatever else is measured with them."""

from __future__ import annotations

import numpy as np

from tests.index_world import World, random_vectors
from visualmemory_gui.engine.index.rescore import cut_twins, rescore, rescore_many


def test_a_distance_does_not_depend_on_the_rows_measured_with_it() -> None:
    world = World(random_vectors(9000, 48, seed=0))
    query = random_vectors(1, 48, seed=1)[0]
    rows, distances = rescore(world.snapshot, np.arange(9000), query, 9000)
    for row, distance in zip(rows[::500], distances[::500], strict=True):
        assert rescore(world.snapshot, np.array([row]), query, 1)[1][0] == distance


def test_equal_distances_are_ordered_by_id() -> None:
    one = random_vectors(1, 8, seed=0)
    world = World(np.repeat(one, 30, axis=0))
    rows, distances = rescore(world.snapshot, np.arange(30), one[0], 5)
    assert rows.tolist() == [0, 1, 2, 3, 4]
    assert len(set(distances.tolist())) == 1


def test_distances_stay_between_0_and_2() -> None:
    vectors = random_vectors(50, 5, seed=0)
    world = World(np.concatenate((vectors, -vectors)))
    for query in vectors:
        _, distances = rescore(world.snapshot, np.arange(100), query, 100)
        assert distances.min() >= 0
        assert distances.max() <= 2


def test_a_tie_set_of_thousands_is_cut_to_the_smallest_ids() -> None:
    twin, others = random_vectors(1, 8, seed=0), random_vectors(100, 8, seed=1)
    world = World(np.concatenate((np.repeat(twin, 5000, axis=0), others)))
    kept = cut_twins(world.snapshot, np.arange(10, 5100), 20)
    assert kept.tolist() == [*range(10, 30), *range(5000, 5100)]


def test_nothing_to_rescore_gives_nothing() -> None:
    world = World(random_vectors(3, 4, seed=0))
    rows, distances = rescore(world.snapshot, np.empty(0, np.int64), world.vectors[0], 5)
    assert len(rows) == len(distances) == 0


def test_many_queries_are_measured_as_each_alone() -> None:
    world = World(
        np.concatenate((random_vectors(9000, 24, seed=0), np.repeat(random_vectors(1, 24, seed=1), 60, axis=0)))
    )
    queries = random_vectors(20, 24, seed=2)
    candidates = [np.arange(i * 40, 9060 - i) for i in range(19)] + [np.empty(0, np.int64)]
    for (rows, distances), one, query in zip(
        rescore_many(world.snapshot, candidates, queries, 30), candidates, queries, strict=True
    ):
        expected = rescore(world.snapshot, one, query, 30)
        assert rows.tolist() == expected[0].tolist()
        assert distances.tolist() == expected[1].tolist()
