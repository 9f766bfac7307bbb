"""Class sets: those that hold the right class nine times in ten."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision.class_sets import ClassSets, LevelSets, in_words, measure
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.sample import ExemplarVotes
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, ClassSet

RIDGE = VotingScheme("ridge", 30, class_factor="off")
SETS = ClassSets(RIDGE, (LevelSets(0, 0.3, {1: 0.95, 2: 0.9, 3: 0.8, 4: 0.7}, 0.9), LevelSets(1, 0.4, {1: 0.97}, 0.95)))


def mixed(n: int, *, seed: int, spread: float) -> tuple[F32, list[str]]:
    """Eight classes under two first parts; those of one part overlap."""
    rng, centres = np.random.default_rng(seed), np.random.default_rng(0)
    parts = np.repeat(2.0 * centres.normal(size=(2, 24)), 4, axis=0) + centres.normal(size=(8, 24))
    of = rng.integers(0, 8, n)
    raw = parts[of] + spread * rng.normal(size=(n, 24))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    return vectors, [f"part {c // 4}/class {c}" for c in of]


def measured(snapshot: Snapshot, scheme: VotingScheme = RIDGE) -> ClassSets:
    return measure(ExemplarVotes.of(snapshot, nearest_exact, scheme))


@pytest.mark.parametrize("rule", ["ridge", "softmax", "rank"])
def test_sets_hold_the_right_class_of_fresh_queries_nine_times_in_ten(tmp_path: Path, rule: str) -> None:
    vectors, labels = mixed(900, seed=1, spread=1.6)
    with VisualMemory.create(tmp_path / "m.vmem", dim=24) as memory:
        memory.set("rule", rule)
        memory.set("class_factor", "off")
        memory.add_vectors(vectors, labels)
        asked, right = mixed(600, seed=2, spread=1.6)
        found = [memory.decide_vector(vector).class_set for vector in asked]
    assert all(one is not None for one in found)
    held = [at_level(label, one.level) in one.labels for label, one in zip(right, found, strict=True)]
    assert 0.86 <= np.mean(held) <= 0.95
    for size in (1, 2, 3):
        of_size = [(h, one.coverage) for h, one in zip(held, found, strict=True) if len(one.labels) == size]
        told = {coverage for _, coverage in of_size if coverage is not None}
        if len(of_size) > 100:
            assert len(told) == 1 and abs(np.mean([h for h, _ in of_size]) - told.pop()) < 0.1


def test_the_threshold_is_what_nine_in_ten_right_classes_reach() -> None:
    vectors, labels = mixed(300, seed=3, spread=1.6)
    snapshot = snapshot_of(labels, vectors)
    votes = ExemplarVotes.of(snapshot, nearest_exact, RIDGE)
    right = [
        sum(w for code, w in zip(codes, alone, strict=True) if code == own)
        for codes, alone, own in zip(votes.codes, votes.alone, votes.own, strict=True)
    ]
    [found, *_] = measure(votes).levels
    assert found.level == 0
    assert np.mean(np.array(right) >= found.threshold) >= 0.9
    assert np.mean(np.array(right) > found.threshold + 1e-9) <= 0.9


def test_where_sets_are_large_only_a_level_above_is_offered() -> None:
    vectors, labels = mixed(600, seed=4, spread=5.0)
    found = measured(snapshot_of(labels, vectors))
    assert [each.level for each in found.levels] == [1]
    shuffled = np.random.default_rng(0).permutation(labels).tolist()
    assert measured(snapshot_of(shuffled, vectors)).levels[:1] != found.levels


def test_under_200_exemplars_there_are_no_sets() -> None:
    vectors, labels = mixed(199, seed=5, spread=0.5)
    assert measured(snapshot_of(labels, vectors)).levels == ()


@pytest.mark.parametrize(
    ("totals", "winner", "found"),
    [
        ({"a/x": 0.5, "a/y": 0.35, "b/z": 0.1}, "a/x", ClassSet(("a/x", "a/y"), 0, 0.9)),
        ({"a/x": 0.5, "a/y": 0.2}, "a/x", ClassSet(("a/x",), 0, 0.95)),
        ({"a/x": 0.2, "a/y": 0.1}, "a/x", ClassSet(("a/x",), 0, None)),
        ({"a/x": 0.2, "a/y": 0.5}, "a/x", ClassSet(("a/y", "a/x"), 0, 0.9)),
        ({f"c/{i}": 0.4 for i in range(6)}, "c/0", ClassSet(tuple(f"c/{i}" for i in range(6)), 0, 0.7)),
    ],
    ids=["two", "one", "none: the winner alone", "the winner by its factor", "many"],
)
def test_the_set_of_a_query(totals: dict[str, float], winner: str, found: ClassSet) -> None:
    assert SETS.of(list(totals), np.array(list(totals.values())), RIDGE, winner) == found


def test_a_set_is_not_finer_than_the_decision() -> None:
    scheme = VotingScheme("ridge", 30, class_factor="off", level=1)
    labels, alone = ["a/x", "a/y", "b/z"], np.array([0.3, 0.2, 0.1])
    assert SETS.of(labels, alone, scheme, "a") == ClassSet(("a",), 1, 0.97)
    assert SETS.of(labels, alone, RIDGE, None) is None
    assert SETS.of(labels, alone, VotingScheme("rank", 30), "a/x") is None


def test_sets_pass_through_json() -> None:
    assert ClassSets.from_dict(json.loads(json.dumps(SETS.to_dict()))) == SETS


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (ClassSet(("cat", "lynx"), 0, 0.91), "one of: cat, lynx; right 9 in 10 times here"),
        (ClassSet(("cat", "lynx"), 0, None), "one of: cat, lynx"),
        (ClassSet(("cat",), 0, 0.97), ""),
        (ClassSet(("animals",), 1, 0.97), "animals; right 97 in 100 times here"),
        (ClassSet(("animals",), 1, None), ""),
        (ClassSet(tuple("abcdefg"), 0, 0.8), "one of 7 classes: a, b, c, d, e and 2 more; right 8 in 10 times here"),
        (None, ""),
    ],
)
def test_a_set_in_words(found: ClassSet | None, words: str) -> None:
    assert in_words(found, "cat") == words


def test_a_query_that_votes_for_itself_has_no_set(tmp_path: Path) -> None:
    vectors, labels = mixed(300, seed=6, spread=1.0)
    with VisualMemory.create(tmp_path / "m.vmem", dim=24) as memory:
        ids = memory.add_vectors(vectors, labels)
        assert memory.decide_vector(vectors[0]).class_set is None
        assert memory.decide_vector(vectors[0], own=ids[0]).class_set is not None
