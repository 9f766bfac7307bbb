from __future__ import annotations

import json

import numpy as np
import pytest

from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.study.evaluate import evaluate_snapshot
from visualmemory_gui.engine.study.nearest import nearest_many
from visualmemory_gui.engine.study.shots import teach_new_classes


def classes(n: int, *, each: int, dim: int = 24, spread: float = 1.1) -> Snapshot:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(n, dim))
    raw = np.repeat(centres, each, axis=0) + spread * rng.normal(size=(n * each, dim))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    return snapshot_of([f"class {i // each}" for i in range(n * each)], vectors)


def test_the_class_factor_lets_one_exemplar_be_heard() -> None:
    found = teach_new_classes(classes(20, each=30))
    assert (len(found.new_classes), found.old_classes) == (4, 16)
    assert (found.new_queries, found.old_queries) == (4 * 20, 16 * 30)
    by = {(one.class_factor, one.shots): one for one in found.results}
    assert sorted(by) == [(factor, n) for factor in (False, True) for n in (1, 3, 5, 10)]
    assert by[True, 1].new > by[False, 1].new
    assert by[True, 10].new == by[False, 10].new
    assert by[False, 10].new > by[False, 1].new


def test_the_old_classes_before_are_those_of_an_evaluation_without_the_new_ones() -> None:
    snapshot = classes(10, each=20, spread=2.0)
    found = teach_new_classes(snapshot, shots=(1, 2), most_queries=10_000)
    kept = [snapshot.labels[c] not in found.new_classes for c in snapshot.label]
    old = snapshot_of([snapshot.labels[c] for c in snapshot.label], snapshot.vectors, active=kept)
    for factor in (False, True):
        expected = evaluate_snapshot(old, nearest_many, ks=(10,), rules=("rank",), class_factor=factor)
        [before] = {one.old_before for one in found.results if one.class_factor == factor}
        assert before == expected.accuracy["rank"][10]


def test_lost_and_gained_explain_the_change() -> None:
    found = teach_new_classes(classes(10, each=20, spread=2.5), shots=(5,))
    for one in found.results:
        assert one.old_after - one.old_before == pytest.approx((one.gained - one.lost) / found.old_queries)


def test_the_same_seed_gives_the_same_study() -> None:
    snapshot = classes(10, each=14)
    assert teach_new_classes(snapshot, seed=3) == teach_new_classes(snapshot, seed=3)
    assert json.loads(json.dumps(teach_new_classes(snapshot, seed=3).to_json()))["seed"] == 3


def test_classes_too_small_to_leave_a_query_cannot_be_taught() -> None:
    with pytest.raises(BadValue, match="more than 10 active exemplars"):
        teach_new_classes(classes(10, each=10))
